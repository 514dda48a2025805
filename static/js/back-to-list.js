// From an item back to the list it was opened from, at the same place in it.
import { address } from "./urls.js";

let here = location.pathname + location.search;
let from = null;

const isItem = (path) => path.startsWith(address("/items/"));

export function startWayBack() {
  document.addEventListener("turbo:before-visit", () => {
    here = location.pathname + location.search;
  });
  document.addEventListener("turbo:load", () => {
    const now = location.pathname + location.search;
    // Only one step away: from item to item the list is further back than history.back() goes.
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
