// Items are dragged onto folders: one, or all that are selected.
import { address, libraryAddress, mayDo } from "./urls.js";

export const KIND = "application/x-nexus-items";
let ids = [];

const folderOf = (event) => event.target.closest?.("[data-drop-items]");
const isDragged = (event) => ids.length > 0 && event.dataTransfer?.types.includes(KIND);

function mark(folder) {
  for (const other of document.querySelectorAll(".drop-here")) if (other !== folder) other.classList.remove("drop-here");
  folder?.classList.add("drop-here");
}

function move(directory) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: libraryAddress("/items/move") });
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const back = location.pathname.slice(address("/").length - 1) + location.search;
  const fields = [["csrf_token", token], ["directory", directory], ["back", back], ...ids.map((id) => ["ids", id])];
  for (const [name, value] of fields) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  form.hidden = true;
  document.body.append(form);
  form.requestSubmit();
  form.remove();
}

export function startDragItems() {
  document.addEventListener("dragstart", (event) => {
    const tile = event.target.closest?.("[data-tile]");
    const grid = tile?.closest("[data-grid]");
    if (!grid || !document.querySelector("#selection") || !mayDo("edit") || !document.querySelector("[data-drop-items]")) return;
    const selected = [...grid.querySelectorAll('input[name="ids"]:checked')].map((box) => box.value);
    ids = selected.includes(tile.dataset.tile) ? selected : [tile.dataset.tile];
    event.dataTransfer.setData(KIND, ids.join(","));
    event.dataTransfer.effectAllowed = "move";
    document.documentElement.classList.add("drags-items");
  });
  document.addEventListener("dragover", (event) => {
    if (!isDragged(event)) return;
    const folder = folderOf(event);
    mark(folder);
    if (!folder) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
  });
  document.addEventListener("drop", (event) => {
    const folder = folderOf(event);
    if (!folder || !isDragged(event)) return;
    event.preventDefault();
    move(folder.dataset.dropItems);
  });
  document.addEventListener("dragend", () => {
    ids = [];
    mark(null);
    document.documentElement.classList.remove("drags-items");
  });
}
