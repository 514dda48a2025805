// Previews that are being made: fetches the page again until they are ready, and replaces only their tiles.
import { fetchPage } from "./fetch-page.js";
import { t } from "./words.js";

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

/** Says how many photos have found their place in the list since the page was loaded. */
function announce(fresh) {
  const strip = document.querySelector(".undated");
  if (!strip) return;
  const isReady = (tile) => !fresh.querySelector(`.undated [data-tile="${CSS.escape(tile.dataset.tile)}"]`);
  const ready = [...strip.querySelectorAll("[data-tile]")].filter(isReady).length;
  if (!ready) return;
  let pill = document.querySelector("[data-new-pill]");
  if (!pill) {
    pill = Object.assign(document.createElement("button"), { type: "button", className: "btn primary new-pill" });
    pill.dataset.newPill = "";
    pill.addEventListener("click", () => {
      const top = new URL(location.href);
      top.search = "";
      if (window.Turbo) window.Turbo.visit(top.href, { action: "replace" });
      else location.assign(top);
    });
    strip.before(pill);
  }
  pill.textContent = t("{ready} new · Show", { ready });
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
      announce(fresh);
      fill(
        fresh,
        waiting.filter((tile) => !tile.closest(".undated") && (tile.dataset.from ?? location.href) === from),
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
