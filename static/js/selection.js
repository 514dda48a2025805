// The selection bar is shown while something is selected, with the number of items.
export function boxes() {
  return [...document.querySelectorAll('input[type="checkbox"][form="selection"]')];
}

export function update() {
  const bar = document.querySelector("[data-selection]");
  if (!bar) return;
  const count = boxes().filter((box) => box.checked).length;
  bar.hidden = count === 0;
  bar.dataset.started = "yes";
  bar.querySelector("[data-selection-count]").textContent = `${count} selected`;
  bar.querySelector("[data-selection-none]").hidden = false;
  document.querySelector("[data-grid]")?.classList.toggle("tile-grid-on", count > 0);
}

export function selectAll(checked) {
  for (const box of boxes()) box.checked = checked;
  update();
}

let last = null;

// One listener on the document works for every page, including those from Turbo's cache.
export function startSelection() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-selection-none]")) return selectAll(false);
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
  document.addEventListener("turbo:before-cache", () => selectAll(false));
}
