// Sends the page's form at once, but not again when somebody comes back to the page.
const [visit] = performance.getEntriesByType("navigation");
if (visit?.type !== "back_forward") {
  document.querySelector("form[data-go]").submit();
}
