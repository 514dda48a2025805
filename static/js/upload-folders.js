// Uploads of whole folders: creates the same folders in the library.
import { address } from "./urls.js";

const token = () => document.querySelector('meta[name="csrf-token"]').content;
const made = new Map();

async function list() {
  const answer = await fetch(address("/api/directories"), { cache: "no-store" });
  if (!answer.ok) throw new Error(`The folders could not be read (${answer.status}).`);
  return (await answer.json()).directories;
}

async function make(name, parent) {
  const all = await list();
  const above = parent ? all.find((directory) => directory.id === parent) : null;
  const path = above ? `${above.path}/${name}` : name;
  const there = (known) => known.find((directory) => directory.path === path);
  const found = there(all);
  if (found) return found.standard ? "" : found.id;
  const answer = await fetch(address("/api/directories"), {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
    body: JSON.stringify(parent ? { name, parent } : { name }),
  });
  if (answer.ok) return (await answer.json()).id;
  // It was created in the meantime, or cannot be created.
  const again = there(await list());
  if (again) return again.standard ? "" : again.id;
  throw new Error((await answer.json()).error?.message ?? "The folder could not be made.");
}

/** The id of the folder of `path` below `base`; '' if the kind of the file decides. */
export function folderOf(path, base) {
  return path
    .split("/")
    .slice(0, -1)
    .reduce((above, name) => {
      const key = above.then((parent) => `${parent}/${name}`);
      return key.then((text) => {
        if (!made.has(text)) {
          const folder = above.then((parent) => make(name, parent));
          made.set(text, folder);
          folder.catch(() => made.delete(text));
        }
        return made.get(text);
      });
    }, Promise.resolve(base));
}
