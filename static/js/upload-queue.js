// The queue of uploads: the state of each, and which are sent. It continues by itself after the network, the page, the
// browser or the server was unavailable.
import { address, mayDo, personKey, libraryOfPage } from "./urls.js";
import { fetchPage } from "./fetch-page.js";
import { say, showToast } from "./toasts.js";
import { folderOf } from "./upload-folders.js";
import { row, summary, total } from "./upload-queue-view.js";
import { deleteUpload, findSame, isTemporary, messageOf, sendFile, statusOf } from "./upload-sender.js";
import * as store from "./upload-queue-store.js";
import { nt, t } from "./words.js";

const AT_ONCE = 3;
const TRY_AGAIN = 3000;
const LIVE = new Set(["waiting", "checking", "sending", "offline"]);
const OVER = new Set(["done", "duplicate", "refused"]);
/** Uploads that have ended are listed again when the page is loaded again in this tab. */
const ENDED = personKey("nexus-ended-uploads");
const MOST_ENDED = 500;
const OPEN_AGAIN = t("Your visit has ended. Open the link again to continue.");
const OTHER = t("That's a different file. Name and size must match.");

const person = document.body.dataset.person;
const isVisitor = document.body.hasAttribute("data-visitor");
const transfers = new Map();
let isSaid = true;

const all = () => [...transfers.values()];
const count = (state) => all().filter((transfer) => transfer.state === state).length;

function show(transfer) {
  const list = document.querySelector("[data-queue-list]");
  if (list && transfer) row(list, transfer);
  showTotal();
}

let due = false;
function showTotal() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    showTotalNow();
  });
}

function showTotalNow() {
  const everything = all();
  const { open, part, words } = total(everything);
  const isLive = everything.some((transfer) => LIVE.has(transfer.state));
  try {
    localStorage[open ? "setItem" : "removeItem"](personKey("nexus-queue"), "1");
  } catch {
    /* Nothing is kept then. */
  }
  for (const badge of document.querySelectorAll("[data-upload-badge]")) {
    badge.hidden = !isLive;
    badge.textContent = `${Math.floor(part * 100)} %`;
  }
  const queue = document.querySelector("[data-queue]");
  if (!open && everything.length && !isSaid) {
    isSaid = true;
    if (queue && !count("refused")) say(summary(everything));
    else showToast(summary(everything));
    updateSummary();
  }
  if (!queue) return;
  queue.hidden = !everything.length;
  queue.querySelector("[data-queue-words]").textContent = open ? words : summary(everything);
  const bar = queue.querySelector("[data-queue-bar]");
  bar.hidden = !open;
  bar.value = part;
  queue.querySelector("[data-queue-pause]").hidden = !isLive;
  queue.querySelector("[data-queue-resume]").hidden = isLive || !count("paused");
  queue.querySelector("[data-queue-clear]").hidden = everything.length === open;
  // What was uploaded can be added to an album, at most as many as one request takes.
  const album = queue.querySelector("[data-queue-album]");
  if (album) album.hidden = open > 0 || !stored().length || !mayDo("edit");
  foldFinished(queue);
}

const MOST_ADDED = 1000;
const stored = () =>
  all()
    .filter(({ state, item, library }) => item && (state === "done" || state === "duplicate") && (library ?? "") === libraryOfPage())
    .slice(-MOST_ADDED);
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-queue-album]")) return;
  for (const old of event.target.querySelectorAll('[name="ids"]')) old.remove();
  for (const { item } of stored()) {
    event.target.append(Object.assign(document.createElement("input"), { type: "hidden", name: "ids", value: item }));
  }
});

/** Rows of finished uploads that are shown; earlier ones are behind a button. */
const SHOWN_FINISHED = 3;

function foldFinished(queue) {
  const done = [...queue.querySelectorAll('[data-state="done"]')];
  const folded = done.slice(0, Math.max(0, done.length - SHOWN_FINISHED));
  done.forEach((row, index) => row.classList.toggle("is-folded", index < folded.length));
  const button = queue.querySelector("[data-queue-finished]");
  button.hidden = !folded.length;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.textContent = isOpen ? t("Hide finished") : t("{count} more done · Show", { count: folded.length });
}

// Updates counts, the storage meter and recent items.
async function updateSummary() {
  try {
    const page = await fetchPage(location.href);
    for (const old of document.querySelectorAll("[data-fresh]")) {
      const fresh = page.querySelector(`[data-fresh="${old.dataset.fresh}"]`);
      if (fresh && !old.contains(document.activeElement)) old.replaceWith(fresh);
    }
  } catch {
    /* The next page has them. */
  }
}

// A message about the whole queue is announced once, not for each row.
let mood = "";
function tell(words) {
  if (mood === words) return;
  mood = words;
  say(words);
}

function set(transfer, state, why = "") {
  transfer.state = state;
  transfer.why = why;
  transfer.isLoggedOut = false;
  if (state === "done" || state === "duplicate") {
    transfer.sent = transfer.size;
    // The file of a duplicate is kept, because the user may want to store it twice.
    if (state === "done") transfer.file = null;
    releaseLock(transfer.id);
  } else if (state === "paused" || state === "waiting") {
    store.change(transfer.id, { isPaused: state === "paused" });
  } else if (state === "refused") {
    store.remove(transfer.id);
  }
  show(transfer);
}

/** The file is stored. It leaves the queue before it is shown, so that the next page does not send it again. */
async function end(transfer, state) {
  await store.remove(transfer.id);
  if (transfers.has(transfer.id)) set(transfer, state);
  pump();
}

/** Adds files to the queue, each with the path of its folder, if any. */
export async function add(files, { directory = "", keepsBoth = false, sender = "", url = null }) {
  isSaid = false;
  const added = files.map(({ file, path }) => ({
    id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
    person,
    library: libraryOfPage(),
    name: file.name,
    path: path.includes("/") ? path : "",
    size: file.size,
    type: file.type,
    lastModified: file.lastModified,
    directory,
    keepsBoth,
    sender,
    url,
    file,
    state: "waiting",
    why: "",
    sent: 0,
    speed: 0,
    item: null,
  }));
  for (const transfer of added) {
    transfers.set(transfer.id, transfer);
    takeLock(transfer.id);
    show(transfer);
  }
  mood = "";
  tell(nt(added.length, "{n} file, sending", "{n} files, sending"));
  pump();
  // The first files are already being sent while the rest is stored.
  for (const transfer of added) if (transfer.file) await keep(transfer);
}

// Only one tab sends a file. Without locks (a page without TLS) each tab sends its own files.
const held = new Map();
function takeLock(id) {
  if (!navigator.locks || held.has(id)) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(`nexus-transfer-${id}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise((release) => held.set(id, release)) : undefined;
    });
  });
}

function releaseLock(id) {
  held.get(id)?.();
  held.delete(id);
}

async function keep(transfer) {
  const { id, library, name, path, size, type, lastModified, directory, keepsBoth, sender, url, file } = transfer;
  await store.put({
    id,
    person,
    library,
    name,
    path,
    size,
    type,
    lastModified,
    directory,
    keepsBoth,
    sender,
    url,
    file,
    isPaused: transfer.state === "paused",
  });
  // It may have started or finished in the meantime.
  if (!transfers.has(id) || OVER.has(transfer.state)) await store.remove(id);
  else if (transfer.url !== url) await store.change(id, { url: transfer.url });
}

const isSame = (file, { name, size }) => file.name === name && file.size === Number(size);

/** Continues an upload that the server has recorded and this browser may not. */
export function resume(unfinished, file) {
  const { url } = unfinished;
  const item = document.querySelector(`[data-unfinished][data-url="${url}"]`);
  if (!isSame(file, unfinished)) {
    say(OTHER);
    item.querySelector("[data-said]").textContent = OTHER;
    return;
  }
  item.remove();
  setTimeout(() => heading()?.focus());
  if (all().some((transfer) => transfer.url === url)) pump();
  else add([{ file, path: "" }], { url });
}

function pump() {
  for (const transfer of all()) {
    if (count("checking") + count("sending") >= AT_ONCE) return;
    if (transfer.state === "waiting") start(transfer);
  }
}

async function start(transfer) {
  set(transfer, "sending");
  const found = await findSame(transfer, () => set(transfer, "checking"));
  if (!transfers.has(transfer.id)) return;
  if (found) {
    transfer.item = found;
    return end(transfer, "duplicate");
  }
  let folder = transfer.directory;
  try {
    if (transfer.path && !transfer.url && !isVisitor) folder = await folderOf(transfer.path, transfer.directory, transfer.library ?? "");
  } catch (error) {
    set(transfer, navigator.onLine ? "refused" : "offline", navigator.onLine ? error.message : "");
    return pump();
  }
  if (!transfers.has(transfer.id)) return;
  if (transfer.state !== "checking" && transfer.state !== "sending") return;
  set(transfer, "sending");
  sendFile(transfer, folder, {
    onUrl: () => store.change(transfer.id, { url: transfer.url }),
    onProgress: () => show(transfer),
    onStored: (isDuplicate) => end(transfer, isDuplicate ? "duplicate" : "done"),
    onError: (error) => {
      failed(transfer, error);
      pump();
    },
  }).catch((error) => {
    failed(transfer, error);
    pump();
  });
}

function failed(transfer, error) {
  const status = statusOf(error);
  transfer.speed = 0;
  transfer.sent = transfer.safe ?? 0;
  if (status === 401) {
    const words = isVisitor ? OPEN_AGAIN : t("You've been logged out. Log in to continue.");
    set(transfer, "paused", words);
    transfer.isLoggedOut = !isVisitor;
    document.querySelector(`[data-transfer="${transfer.id}"]`)?.removeAttribute("data-state");
    show(transfer);
    return tell(words);
  }
  if (isTemporary(status)) {
    set(transfer, "offline");
    tell(t("Waiting for network"));
    setTimeout(tryAgain, TRY_AGAIN);
    return;
  }
  set(transfer, "refused", messageOf(error));
}

/** Continues transfers that wait for the connection, if the server responds. */
export async function tryAgain() {
  if (!count("offline")) return;
  try {
    const answer = await fetch(address("/healthz"), { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    tell(t("Resuming"));
    for (const transfer of all()) if (transfer.state === "offline") set(transfer, "waiting");
    pump();
  } catch {
    setTimeout(tryAgain, TRY_AGAIN);
  }
}

/** What a row's buttons do. */
export const actions = {
  pause(transfer) {
    transfer.upload?.abort();
    transfer.speed = 0;
    set(transfer, "paused");
    pump();
  },
  resume(transfer) {
    isSaid = false;
    set(transfer, transfer.file ? "waiting" : "lost");
    pump();
  },
  retry(transfer) {
    isSaid = false;
    set(transfer, "waiting");
    if (transfer.file) keep(transfer);
    pump();
  },
  both(transfer) {
    Object.assign(transfer, { keepsBoth: true, item: null, url: null, sent: 0 });
    actions.retry(transfer);
  },
  async cancel(transfer) {
    transfers.delete(transfer.id);
    store.remove(transfer.id);
    releaseLock(transfer.id);
    removeRow(document.querySelector(`[data-transfer="${transfer.id}"]`));
    showTotal();
    await transfer.upload?.abort().catch(() => {});
    if (transfer.url) deleteUpload(transfer.url);
    pump();
  },
};

// Moves the focus to the next row, the previous one, or the heading.
function removeRow(item) {
  if (!item) return;
  const hadFocus = item.contains(document.activeElement);
  const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("button, a");
  item.remove();
  if (hadFocus) (next ?? heading())?.focus();
}

/** The heading that receives the focus: that of the queue or, while the queue is hidden, that of the page. */
export function heading() {
  const own = document.querySelector("[data-queue] h2");
  const found = own?.getClientRects().length ? own : document.querySelector("main h1");
  if (found) found.tabIndex = -1;
  return found;
}

/** Pauses everything that is not finished. */
export function pauseAll() {
  for (const transfer of all()) if (LIVE.has(transfer.state)) actions.pause(transfer);
  showTotalNow();
}

/** Continues everything that is paused. */
export function resumeAll() {
  for (const transfer of all()) if (transfer.state === "paused") actions.resume(transfer);
  showTotalNow();
}

/** Removes what is finished from the list. */
export function clearFinished() {
  for (const transfer of all()) {
    if (OVER.has(transfer.state)) {
      transfers.delete(transfer.id);
      document.querySelector(`[data-transfer="${transfer.id}"]`)?.remove();
    }
  }
  keepEnded();
  showTotalNow();
}

/** Continues a transfer whose file this browser no longer has with that file, if it is the same. */
export function continueWith(transfer, file) {
  if (!isSame(file, transfer)) {
    transfer.why = OTHER;
    show(transfer);
    return;
  }
  Object.assign(transfer, { file, sent: 0 });
  isSaid = false;
  set(transfer, "waiting");
  keep(transfer);
  pump();
}

/** The transfer with that id. */
export const find = (id) => transfers.get(id);

/** Whether leaving the page interrupts an upload. */
export const isBusy = () => all().some((transfer) => LIVE.has(transfer.state));

let isRestored = false;
function keepEnded() {
  // A page that is left before it has read the list must not empty it.
  if (!isRestored) return;
  const ended = all().filter((transfer) => OVER.has(transfer.state));
  const kept = ended.slice(-MOST_ENDED).map((transfer) => {
    const { id, library, name, path, size, directory, state, why, item } = transfer;
    return { id, person, library, name, path, size, directory, state, why, item };
  });
  try {
    sessionStorage[kept.length ? "setItem" : "removeItem"](ENDED, JSON.stringify(kept));
  } catch {
    /* They are not listed again. */
  }
}
window.addEventListener("pagehide", keepEnded);

function restoreEnded() {
  try {
    for (const entry of JSON.parse(sessionStorage.getItem(ENDED) ?? "[]")) {
      if (entry.person !== person) continue;
      transfers.set(entry.id, { ...entry, file: null, url: null, sent: entry.size, speed: 0 });
    }
  } catch {
    /* A private window, or not written by this page. */
  }
}

const restored = store.all().then(async (entries) => {
  restoreEnded();
  isRestored = true;
  for (const entry of entries.filter((one) => one.person === person && !transfers.has(one.id))) {
    if (!(await takeLock(entry.id))) continue;
    isSaid = false;
    const state = !entry.file ? "lost" : entry.isPaused ? "paused" : "waiting";
    transfers.set(entry.id, { ...entry, state, why: "", sent: 0, speed: 0, item: null });
  }
});

/** Shows the queue on a new page and continues it. */
export async function refresh() {
  await restored;
  const list = document.querySelector("[data-queue-list]");
  if (list) for (const transfer of all()) row(list, transfer);
  // Transfers that this browser sends need no row from the server.
  for (const unfinished of document.querySelectorAll("[data-unfinished]")) {
    if (all().some((transfer) => transfer.url === unfinished.dataset.url)) unfinished.hidden = true;
  }
  foldEnded();
  showTotal();
  pump();
}

// On another page than that of uploads, a list in which nothing is left to do would only cover what the page shows.
function foldEnded() {
  const queue = document.querySelector("[data-queue]");
  if (!queue || document.querySelector("[data-upload]") || !all().length) return;
  if (!all().every(({ state }) => state === "done" || state === "duplicate")) return;
  queue.classList.add("folded");
  queue.querySelector("[data-queue-fold]").setAttribute("aria-expanded", "false");
}
