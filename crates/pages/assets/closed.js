// The window of the bank's check has served its purpose.
"use strict";

window.close();
