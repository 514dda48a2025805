// Single-key shortcuts, if the user has enabled them; never while typing.
import { address, libraryAddress } from "./urls.js";
import { handlePlayerKey } from "./track-list.js";
import { boxes, selectAll, update } from "./selection.js";
import { toggleStar } from "./favorites.js";

const PLACES = {
  d: "/dashboard",
  p: "/photos",
  v: "/videos",
  a: "/music",
  u: "/uploads",
  f: "/favorites",
  r: "/recents",
  t: "/trash",
};
let afterG = 0;

const isTyping = (target) =>
  target.closest('input:not([type="checkbox"]), select, textarea, [contenteditable], dialog[open], video, audio');
const tiles = () => [...document.querySelectorAll("[data-grid] [data-tile]")];
const visit = (path) => {
  // Home is that of the user everywhere.
  const url = path === "/dashboard" ? address(path) : libraryAddress(path);
  window.Turbo ? window.Turbo.visit(url) : location.assign(url);
};

function step(key) {
  const all = tiles();
  if (!all.length) return false;
  const here = document.activeElement?.closest("[data-tile]");
  const index = all.indexOf(here);
  // Outside a shelf, arrow keys scroll the page; j and k move to the first visible tile.
  if (index < 0) {
    if (key !== "j" && key !== "k") return false;
    const first = all.find((tile) => tile.getBoundingClientRect().bottom > 80) ?? all[0];
    first.querySelector(".tile-link").focus();
    return true;
  }
  let next = index;
  if (key === "ArrowRight" || key === "j") next = index + 1;
  else if (key === "ArrowLeft" || key === "k") next = Math.max(index - 1, 0);
  else if (key === "Home") next = 0;
  else if (key === "End") next = all.length - 1;
  else {
    // Up and down: the nearest tile in the adjacent row.
    const box = here.getBoundingClientRect();
    const down = key === "ArrowDown";
    const rows = all
      .map((tile) => ({ tile, at: tile.getBoundingClientRect() }))
      .filter(({ at }) => (down ? at.top > box.top + 4 : at.top < box.top - 4));
    if (!rows.length) return false;
    const edge = down ? Math.min(...rows.map(({ at }) => at.top)) : Math.max(...rows.map(({ at }) => at.top));
    const row = rows.filter(({ at }) => Math.abs(at.top - edge) < 4);
    row.sort((a, b) => Math.abs(a.at.left - box.left) - Math.abs(b.at.left - box.left));
    next = all.indexOf(row[0].tile);
  }
  const target = all[Math.min(next, all.length - 1)];
  target?.querySelector(".tile-link").focus();
  return Boolean(target);
}

function onItemPage(event) {
  if (!document.querySelector("[data-item]")) return false;
  const press = (selector) => {
    const found = document.querySelector(selector);
    found?.click();
    return Boolean(found);
  };
  switch (event.key) {
    case "ArrowLeft":
      return press('a[rel="prev"]');
    case "ArrowRight":
      return press('a[rel="next"]');
    case "f":
      return press("[data-item] [data-star]");
    case "Delete":
      return press("[data-item] [data-trash]");
    case "Escape":
      return press("[data-up]");
    default:
      return false;
  }
}

function onGrid(event) {
  const here = document.activeElement?.closest("[data-tile]");
  const box = here?.querySelector('input[type="checkbox"]');
  switch (event.key) {
    case "ArrowRight":
    case "ArrowLeft":
    case "ArrowUp":
    case "ArrowDown":
    case "Home":
    case "End":
    case "j":
    case "k": {
      const moved = step(event.key);
      if (moved && event.shiftKey) {
        const now = document.activeElement.closest("[data-tile]")?.querySelector('input[type="checkbox"]');
        for (const one of [box, now]) if (one) one.checked = true;
        update();
      }
      return moved;
    }
    case "x":
      if (!box) return false;
      box.checked = !box.checked;
      update();
      return true;
    case "f": {
      const star = here?.querySelector("[data-star]");
      if (!star) return false;
      toggleStar(star);
      return true;
    }
    case "Delete": {
      const chosen = boxes().some((one) => one.checked);
      if (!chosen && box) {
        box.checked = true;
        update();
      }
      const button = document.querySelector("[data-selection] [data-trash]");
      if (!button || !boxes().some((one) => one.checked)) return false;
      button.click();
      return true;
    }
    case "r": {
      const restore = document.querySelector('[data-selection] [formaction$="/items/restore"]');
      if (!restore) return false;
      if (!boxes().some((one) => one.checked) && box) {
        box.checked = true;
        update();
      }
      if (!boxes().some((one) => one.checked)) return false;
      restore.click();
      return true;
    }
    case "Escape":
      if (!boxes().some((one) => one.checked)) return false;
      selectAll(false);
      return true;
    default:
      return false;
  }
}

// The approval queue: j and k move between users, x selects, a approves, r rejects.
function onUserList(event) {
  const rows = [...document.querySelectorAll("[data-people] [data-row]")];
  if (!rows.length) return false;
  const here = document.activeElement?.closest("[data-row]");
  const press = (end) => {
    const button = here?.querySelector(`button[formaction$="/${end}"]`);
    button?.click();
    return Boolean(button);
  };
  switch (event.key) {
    case "j":
    case "k": {
      const index = rows.indexOf(here) + (event.key === "j" ? 1 : -1);
      rows[Math.max(0, Math.min(index, rows.length - 1))].querySelector("a").focus();
      return true;
    }
    case "x": {
      const box = here?.querySelector('input[type="checkbox"]');
      if (!box) return false;
      box.checked = !box.checked;
      update();
      return true;
    }
    case "a":
      return press("approve");
    case "r":
      return press("reject");
    default:
      return false;
  }
}

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (!document.body.hasAttribute("data-keys") || event.altKey || event.metaKey || isTyping(event.target)) return;
    // While the viewer is open, keys of the page do nothing.
    if (document.querySelector("[data-viewer]")) return;
    if (event.ctrlKey) {
      if (event.key === "a" && boxes().length) {
        event.preventDefault();
        selectAll(true);
      }
      return;
    }
    if (afterG && Date.now() - afterG < 1500 && PLACES[event.key]) {
      afterG = 0;
      event.preventDefault();
      visit(PLACES[event.key]);
      return;
    }
    afterG = 0;
    if (event.key === "g") {
      afterG = Date.now();
      return;
    }
    if (event.key === "z") {
      const undo = document.querySelector("[data-toast] form button");
      if (undo) {
        event.preventDefault();
        undo.click();
        return;
      }
    }
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("q")?.focus();
      return;
    }
    if (event.key === "?") {
      event.preventDefault();
      document.getElementById("keys")?.showModal();
      return;
    }
    if (handlePlayerKey(event)) {
      event.preventDefault();
      return;
    }
    if (onItemPage(event) || onUserList(event) || onGrid(event)) event.preventDefault();
  });
}
