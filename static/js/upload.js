// Adds chosen, dropped and pasted files to the queue. The code that sends them is loaded with the first file.
import { KIND as ITEMS } from "./drag-items.js";
import { mayDo, personKey } from "./urls.js";
import { showToast } from "./toasts.js";
import { t } from "./words.js";

let loaded = null;
let warming = 0;
/** Milliseconds after which the code that sends files is loaded, once the page itself is complete. */
const WARM_UP = 3000;
const engine = () =>
  (loaded ??= Promise.all([import("./upload-queue.js"), import("./upload-queue-events.js")]).then(([queue]) => queue));
/** Records that the queue of this browser is not empty, so that the code is loaded with the next page. */
const flag = () => personKey("nexus-queue");
const ended = () => personKey("nexus-ended-uploads");

const isVisitor = () => document.body.hasAttribute("data-visitor");
/** Whether the page takes files: that of a share link only if it asks for them, a space from those who may add. */
const takesFiles = () => (isVisitor() ? document.querySelector("[data-upload]") : mayDo("contribute"));
const formOf = (event) => event.target.closest?.("[data-upload]");
const over = (form) => {
  for (const one of document.querySelectorAll("[data-upload].over")) one.classList.toggle("over", one === form);
  form?.classList.add("over");
};

async function send(form, files) {
  let queue;
  try {
    queue = await engine();
  } catch {
    loaded = null;
    showToast(t("No connection: these files were not added. Choose them again when you are online."));
    return;
  }
  // A page without a form takes files into the folder that it shows.
  const folder = document.querySelector("[data-drop-directory]")?.dataset.dropDirectory ?? "";
  queue.add(files, {
    directory: form ? (form.elements.directory?.value ?? "") : folder,
    // What is there already is not told to visitors of a share link, whose files are always stored.
    keepsBoth: isVisitor() || (form?.elements.keep_duplicates?.checked ?? false),
    sender: form?.elements.sender?.value ?? "",
  });
}

/** Files that another app has shared, which the service worker keeps. */
async function takeShared() {
  // What was shared with the app is for the user's own library.
  if (isVisitor()) return;
  const found = new URL(location.href);
  if (!found.searchParams.has("shared")) return;
  found.searchParams.delete("shared");
  history.replaceState(history.state, "", found);
  const { takeSharedFiles } = await import("./shared-files.js");
  const files = await takeSharedFiles();
  if (files.length) send(null, plain(files));
}

const plain = (list) => [...list].map((file) => ({ file, path: file.webkitRelativePath }));

// Reads dropped folders recursively.
async function inside(entry, path, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: path + file.name });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const one of some) await inside(one, `${path}${entry.name}/`, found);
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return plain(transfer.files);
  const found = [];
  for (const entry of entries) await inside(entry, "", found);
  return found;
}

export function refreshUpload() {
  over(null);
  for (const form of document.querySelectorAll("[data-upload]")) {
    form.querySelector("[data-send]").hidden = true;
    const folder = form.querySelector("[data-folder]");
    if (folder && "webkitdirectory" in HTMLInputElement.prototype) folder.hidden = false;
  }
  for (const resume of document.querySelectorAll("[data-resume]")) resume.hidden = false;
  let isWaiting = false;
  try {
    isWaiting = Boolean(localStorage.getItem(flag()) || sessionStorage.getItem(ended()));
  } catch {
    /* A browser that keeps nothing has no queue. */
  }
  takeShared().catch(() => showToast(t("The shared files could not be read.")));
  if ((isWaiting && takesFiles()) || loaded) engine().then(({ refresh }) => refresh());
  // Loaded soon after the page, so that files chosen without a connection wait for one.
  clearTimeout(warming);
  if (!takesFiles()) return;
  const warmUp = () => engine().then(() => import("./upload-sender.js").then(({ loadTus }) => loadTus()));
  warming = setTimeout(() => warmUp().catch(() => {}), WARM_UP);
}

export function startUpload() {
  document.addEventListener(
    "submit",
    (event) => {
      const form = formOf(event);
      if (!form) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches('input[type="file"]') || !input.files.length) return;
    const form = formOf(event);
    const files = plain(input.files);
    if (form) send(form, files);
    else if (input.closest("[data-resume]"))
      (await engine()).resume(input.closest("[data-unfinished]").dataset, files[0].file);
    else return;
    input.value = "";
  });
  // A file dropped outside the form would replace the page, so it is added to the form or ignored.
  const hasFiles = (event) => {
    const types = event.dataTransfer?.types ?? [];
    // A browser offers an image of the page as a file, too.
    return types.includes("Files") && !types.includes(ITEMS);
  };
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    if (!takesFiles()) return;
    event.preventDefault();
    const form = document.querySelector("[data-upload]");
    if (form) over(form);
    else document.body.classList.add("page-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget) return;
    over(null);
    document.body.classList.remove("page-over");
  });
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!takesFiles()) return;
    over(null);
    document.body.classList.remove("page-over");
    const form = document.querySelector("[data-upload]");
    send(form, await dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => {
    const form = document.querySelector("[data-upload]");
    if (!takesFiles() || !event.clipboardData?.files.length || event.target.matches?.("input, textarea")) return;
    event.preventDefault();
    send(form, plain(event.clipboardData.files));
  });
  document.addEventListener("turbo:before-cache", () => {
    for (const form of document.querySelectorAll("[data-upload]")) form.reset();
  });
}
