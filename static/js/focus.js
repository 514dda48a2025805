// Keeps the focus when Turbo changes the page: on the same element, its neighbor, or the heading.
let before = null;
let isFirst = true;

const things = () => [...document.querySelectorAll("[data-tile], [data-row]")];
const idOf = (thing) => thing?.dataset.tile ?? thing?.dataset.row;

function remember() {
  const here = document.activeElement;
  const thing = here?.closest("[data-tile], [data-row]") ?? document.querySelector("[data-tile]:has(input:checked)");
  before = {
    path: location.pathname,
    thing: idOf(thing),
    index: things().indexOf(thing),
    id: here?.id,
    action: here?.getAttribute?.("formaction") ?? here?.closest?.("form")?.getAttribute("action"),
    value: here?.getAttribute?.("value"),
  };
}

function sameControl() {
  if (before.id) return document.getElementById(before.id);
  if (!before.action) return null;
  const forms = [
    ...document.querySelectorAll(
      `main [formaction="${CSS.escape(before.action)}"], main form[action="${CSS.escape(before.action)}"] button`,
    ),
  ];
  return forms.find((button) => button.getAttribute("value") === before.value) ?? null;
}

function target() {
  const marked = document.querySelector("[data-focus]");
  if (marked) return marked;
  if (before && before.path === location.pathname) {
    const all = things();
    const thing =
      all.find((one) => idOf(one) === before.thing) ??
      (before.index >= 0 ? all[Math.min(before.index, all.length - 1)] : null);
    const found = thing?.querySelector("a") ?? sameControl();
    if (found && found.getClientRects().length) return found;
  }
  const fromAddress = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  return fromAddress?.querySelector?.("a") ?? document.querySelector("main h1") ?? document.getElementById("main");
}

export function refreshFocus() {
  if (isFirst) {
    isFirst = false;
    return;
  }
  if (document.activeElement && document.activeElement !== document.body) return;
  const found = target();
  if (!found) return;
  if (found.matches("h1")) found.tabIndex = -1;
  found.focus({ preventScroll: !found.matches("a, button, [data-focus]") });
}

// Each shelf is one tab stop, its current tile; arrow keys move between tiles.
export function rove(tile) {
  if (!document.body.hasAttribute("data-keys")) return;
  const all = [...document.querySelectorAll("[data-grid] [data-tile]")];
  const current = tile ?? all[0];
  for (const one of all) {
    for (const control of one.querySelectorAll("a, button, input")) {
      if (one === current) control.removeAttribute("tabindex");
      else control.tabIndex = -1;
    }
  }
}

// The months beside a list are one tab stop, too: the one on screen.
const months = () => [...document.querySelectorAll("[data-timeline] a")].filter((link) => link.getClientRects().length);

export function roveMonths(link) {
  const all = months();
  const current = link ?? all.find((one) => one.hasAttribute("aria-current")) ?? all[0];
  for (const one of all) one.tabIndex = one === current ? 0 : -1;
}

function moveInMonths(event) {
  const all = months();
  const at = all.indexOf(event.target);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (at < 0 || !all[to]) return;
  event.preventDefault();
  event.stopPropagation();
  roveMonths(all[to]);
  all[to].focus();
}

export function startFocus() {
  const onKey = (event) => event.target.closest?.("[data-timeline]") && moveInMonths(event);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("turbo:submit-start", remember);
  document.addEventListener("turbo:before-visit", remember);
  document.addEventListener("focusin", (event) => {
    const tile = event.target.closest?.("[data-grid] [data-tile]");
    if (tile) rove(tile);
  });
}
