// On a touch screen: a long press on a tile begins a selection, and dragging on selects all tiles up to the finger.
import { boxes, update } from "./selection.js";

/** Milliseconds of a long press, and how far the finger may move meanwhile. */
const PRESS = 450;
const SLACK = 10;
/** How near to an edge of the window the list scrolls, in pixels. */
const EDGE = 80;

let timer = 0;
let drag = null;

const boxOf = (tile) => tile?.querySelector('input[type="checkbox"][form="selection"]');

function extend(x, y) {
  const tile = document.elementFromPoint(x, y)?.closest("[data-grid] [data-tile]");
  const box = boxOf(tile);
  if (!box) return;
  const all = boxes();
  const [from, to] = [all.indexOf(drag.first), all.indexOf(box)].sort((a, b) => a - b);
  // Tiles that the finger has left again are as they were.
  all.forEach((one, index) => {
    one.checked = drag.before.get(one) || (index >= from && index <= to);
  });
  update();
}

export function startTouchSelection() {
  let start = null;
  const cancel = () => {
    clearTimeout(timer);
    start = null;
  };
  document.addEventListener(
    "touchstart",
    (event) => {
      const tile = event.target.closest?.("[data-grid] [data-tile]");
      const box = boxOf(tile);
      cancel();
      if (!box || event.touches.length !== 1) return;
      const { clientX: x, clientY: y } = event.touches[0];
      start = { x, y };
      timer = setTimeout(() => {
        drag = { first: box, before: new Map(boxes().map((one) => [one, one.checked])) };
        box.checked = true;
        navigator.vibrate?.(10);
        update();
      }, PRESS);
    },
    { passive: true },
  );
  document.addEventListener(
    "touchmove",
    (event) => {
      const { clientX: x, clientY: y } = event.touches[0];
      if (!drag) {
        if (start && Math.hypot(x - start.x, y - start.y) > SLACK) cancel();
        return;
      }
      event.preventDefault();
      if (y < EDGE) scrollBy(0, -12);
      else if (y > innerHeight - EDGE * 2) scrollBy(0, 12);
      extend(x, y);
    },
    { passive: false },
  );
  for (const end of ["touchend", "touchcancel"]) {
    document.addEventListener(
      end,
      (event) => {
        cancel();
        if (!drag) return;
        drag = null;
        // The click that follows would open the photo.
        if (event.cancelable) event.preventDefault();
      },
      { passive: false },
    );
  }
  // A long press on a link opens the menu of the browser.
  document.addEventListener("contextmenu", (event) => {
    if ((drag || start) && boxOf(event.target.closest?.("[data-grid] [data-tile]"))) event.preventDefault();
  });
}
