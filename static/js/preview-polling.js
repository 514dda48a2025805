// Pictures that are being made: their page is asked for again until they have come, and only they are put in.
import { fetchPage } from "./fetch-page.js";

let timer = 0;
let tries = 0;

/** Milliseconds between two looks, and how often one looks while the page is seen. */
const PAUSE = 2000;
const MOST = 150;

/** Puts in what has come of the tiles that this page of the list has. */
function fill(fresh, tiles) {
  for (const old of tiles) {
    const now = fresh.querySelector(`[data-tile="${CSS.escape(old.dataset.tile)}"]:not([data-waiting])`);
    if (!now || old.contains(document.activeElement)) continue;
    const [box, taken] = [old, now].map((tile) => tile.querySelector('input[type="checkbox"]'));
    if (box && taken) taken.checked = box.checked;
    old.replaceWith(now);
  }
}

async function look() {
  const waiting = [...document.querySelectorAll("[data-waiting]")];
  if (waiting.some((one) => one.dataset.waiting === "page")) {
    const fresh = await fetchPage(location.href);
    if (!fresh.querySelector('[data-waiting="page"]')) {
      window.Turbo ? window.Turbo.visit(location.href, { action: "replace" }) : location.reload();
      return;
    }
  } else {
    // Tiles that came with a later page of the list are asked for there.
    for (const from of new Set(waiting.map((tile) => tile.dataset.from ?? location.href))) {
      const fresh = await fetchPage(from);
      fill(
        fresh,
        waiting.filter((tile) => (tile.dataset.from ?? location.href) === from),
      );
    }
    document.dispatchEvent(new CustomEvent("nexus:more"));
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (document.hidden || tries >= MOST || !document.querySelector("[data-waiting]")) return;
  tries += 1;
  timer = setTimeout(() => look().catch(schedule), PAUSE);
}

export function refreshWaiting() {
  tries = 0;
  schedule();
}
document.addEventListener("turbo:before-cache", () => clearTimeout(timer));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refreshWaiting();
});
