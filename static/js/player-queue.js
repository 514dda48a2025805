// The list of songs in the player: the current one, removal, and the order, which is changed by dragging a handle or
// with the arrow keys on it.
import { t } from "./words.js";

/** Draws the rows. `actions` has `icon`, `start`, `remove` and `move`. */
export function drawQueue(list, songs, at, actions) {
  // The focus returns to the same kind of button in the same row.
  const buttons = () => [...list.querySelectorAll("button")];
  const focused = buttons().indexOf(document.activeElement);
  list.textContent = "";
  songs.forEach((song, index) => {
    const row = document.createElement("li");
    row.dataset.index = index;
    const handle = Object.assign(document.createElement("button"), {
      type: "button",
      className: "queue-handle",
      innerHTML: actions.icon("grip-vertical"),
    });
    handle.setAttribute("aria-label", t("Move {title}. Arrow keys change the order.", song));
    const open = Object.assign(document.createElement("button"), {
      type: "button",
      className: "queue-song",
      textContent: song.artist ? `${song.title} · ${song.artist}` : song.title,
    });
    if (index === at) open.setAttribute("aria-current", "true");
    open.onclick = () => actions.start(index);
    const away = Object.assign(document.createElement("button"), {
      type: "button",
      className: "queue-remove",
      innerHTML: actions.icon("x"),
    });
    away.setAttribute("aria-label", t("Remove {title} from queue", song));
    away.onclick = () => actions.remove(index);
    row.append(handle, open, away);
    list.append(row);
    letDrag(list, row, handle, actions);
  });
  if (focused >= 0) buttons()[Math.min(focused, songs.length * 3 - 1)]?.focus();
}

function letDrag(list, row, handle, actions) {
  const index = Number(row.dataset.index);
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const to = index + step;
    if (!step || to < 0 || to >= list.children.length) return;
    event.preventDefault();
    event.stopPropagation();
    actions.move(index, to);
    list.children[to].querySelector(".queue-handle").focus();
  });
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    row.classList.add("is-dragged");
    const follow = ({ clientY }) => {
      const others = [...list.children].filter((other) => other !== row);
      const after = others.find((other) => {
        const box = other.getBoundingClientRect();
        return clientY < box.top + box.height / 2;
      });
      list.insertBefore(row, after ?? null);
    };
    // On the document, because a row that is moved within the list loses the pointer.
    const end = () => {
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      row.classList.remove("is-dragged");
      const to = [...list.children].indexOf(row);
      if (to !== index) actions.move(index, to);
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
  });
}
