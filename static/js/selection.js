// The selection bar is shown while something is selected, with the number of items.
import { loadRest } from "./infinite-scroll.js";
import { t } from "./words.js";

/** Items that one request may change. */
const MOST = 1000;

export function boxes() {
  return [...document.querySelectorAll('input[type="checkbox"][form="selection"]')];
}

export function update() {
  const bar = document.querySelector("[data-selection]");
  if (!bar) return;
  const count = boxes().filter((box) => box.checked).length;
  bar.hidden = count === 0;
  bar.dataset.started = "yes";
  bar.querySelector("[data-selection-count]").textContent = t("{count} selected", { count });
  bar.querySelector("[data-selection-none]").hidden = false;
  const all = bar.querySelector("[data-selection-all]");
  const total = Number(document.querySelector("[data-total]")?.dataset.total ?? 0);
  if (all) {
    all.hidden = count < boxes().length || boxes().length >= total || total > MOST;
    all.textContent = t("Select all {total}", { total });
  }
  document.querySelector("[data-grid]")?.classList.toggle("tile-grid-on", count > 0);
  for (const button of document.querySelectorAll("[data-select-group]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(groupBoxes(button).every((box) => box.checked)));
  }
}

/** The boxes of the day or month that a button selects. */
function groupBoxes(button) {
  const day = button.closest("[data-day]");
  if (day) return [...day.querySelectorAll('input[form="selection"]')];
  const found = [];
  for (let node = button.closest("[data-month]").nextElementSibling; node; node = node.nextElementSibling) {
    if (node.dataset.month) break;
    found.push(...node.querySelectorAll('input[form="selection"]'));
  }
  return found;
}

export function selectAll(checked) {
  for (const box of boxes()) box.checked = checked;
  update();
}

/** Loads the rest of the list and selects it. */
async function loadAll() {
  for (const side of ["above", "below"]) await loadRest(side, MOST / 50);
  selectAll(true);
}

let last = null;

// One listener on the document works for every page, including those from Turbo's cache.
export function startSelection() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-selection-none]")) return selectAll(false);
    if (event.target.closest("[data-selection-all]")) {
      loadAll();
      return;
    }
    const group = event.target.closest("[data-select-group]");
    if (group) {
      const all = groupBoxes(group);
      const isWhole = all.every((box) => box.checked);
      for (const box of all) box.checked = !isWhole;
      return update();
    }
    const box = event.target.closest('input[type="checkbox"][form="selection"]');
    if (!box) return;
    // With Shift: all tiles since the previous one.
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    last = box;
    update();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches('input[type="checkbox"][form="selection"]')) update();
  });
  document.addEventListener("nexus:more", update);
  document.addEventListener("turbo:before-cache", () => selectAll(false));
}
