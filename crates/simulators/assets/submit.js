// Sends the buyer on to the shop; without this script there is the button. The address changes first, so that the
// browser's way back leads to a page that stays.
const form = document.querySelector("form[data-sends-itself]");
if (form) {
  history.replaceState(null, "", location.pathname);
  form.requestSubmit();
}
