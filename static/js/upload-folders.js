// Uploads of whole folders: creates the same folders in the library.
import { libraryAddress, reasonOf } from "./urls.js";
import { t } from "./words.js";

const token = () => document.querySelector('meta[name="csrf-token"]').content;
const made = new Map();

/** The id of the folder of this name in the folder `parent`. The server knows which name it is kept under. */
async function make(name, parent, library) {
  const body = { name, reuse: true };
  if (parent) body.parent = parent;
  const answer = await fetch(libraryAddress("/api/directories", library), {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token() },
    body: JSON.stringify(body),
  });
  if (answer.ok) return (await answer.json()).id;
  throw new Error(reasonOf(await answer.json()) ?? t("The folder could not be created."));
}

/** The id of the folder of `path` below `base` in a library; '' if the kind of the file decides. */
export function folderOf(path, base, library) {
  return path
    .split("/")
    .slice(0, -1)
    .reduce((above, name) => {
      const key = above.then((parent) => `${library} ${parent}/${name}`);
      return key.then((text) => {
        if (!made.has(text)) {
          const folder = above.then((parent) => make(name, parent, library));
          made.set(text, folder);
          folder.catch(() => made.delete(text));
        }
        return made.get(text);
      });
    }, Promise.resolve(base));
}
