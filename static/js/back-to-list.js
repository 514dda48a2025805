// Returns from an item to the list it was opened from, at the same position.
import { libraryAddress } from "./urls.js";

let here = location.pathname + location.search;
let from = null;

const isItem = (path) => path.startsWith(libraryAddress("/items/"));

export function startBackToList() {
  document.addEventListener("turbo:before-visit", () => {
    here = location.pathname + location.search;
  });
  document.addEventListener("turbo:load", () => {
    const now = location.pathname + location.search;
    // Only if the list is the previous page; after moving between items it is further back in the history.
    from = isItem(now) && !isItem(here) && here !== now ? here : null;
    here = now;
  });
  document.addEventListener(
    "click",
    (event) => {
      if (!from || event.ctrlKey || event.metaKey || !event.target.closest("[data-up]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      history.back();
    },
    { capture: true },
  );
}
