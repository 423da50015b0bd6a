// React has no module build: its script build, as a module.
const { React } = window;
export default React;
export const { createContext, createElement, useCallback, useContext, useEffect, useMemo, useState } = React;
