// Previews that are being made: fetches the page again until they are ready, and replaces only their tiles.
import { fetchPage } from "./fetch-page.js";

let timer = 0;
let tries = 0;

/** Milliseconds between two requests, and how many are made while the page is visible. */
const PAUSE = 2000;
const MOST = 150;

/** Replaces the tiles on this page of the list whose previews are ready. */
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
    // Tiles from a later page of the list are requested from that page.
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

export function refreshPreviews() {
  tries = 0;
  schedule();
}
document.addEventListener("turbo:before-cache", () => clearTimeout(timer));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refreshPreviews();
});
