// The queue of uploads: three at a time, resumable (tus 1.0.0), going on by itself after the network, the page, the
// browser or the server was away.
import "../vendor/tus.js";
import { address, keptAs } from "./urls.js";
import { fetchPage } from "./fetch-page.js";
import { say, showToast } from "./toasts.js";
import { folderOf } from "./upload-folders.js";
import { row, summary, total } from "./upload-queue-view.js";
import * as store from "./upload-queue-store.js";

const { tus } = window;
const AT_ONCE = 3;
/** Below what proxies usually let through (100 MB). */
const PART = 48 * 1024 * 1024;
/** Sizes of files that are hashed first to find duplicates: others are sent faster, or need too much memory. */
const HASHED = [1_000_000, 256 * 1024 * 1024];
/** Files up to this size are sent with their creation; a larger one gets its address before its bytes are sent. */
const AT_CREATION = 1_000_000;
const TRY_AGAIN = 3000;
const LIVE = new Set(["waiting", "checking", "sending", "offline"]);
const OVER = new Set(["done", "duplicate", "refused"]);
const OTHER = "That is another file: name and size have to be the same.";

const person = document.body.dataset.person;
const token = () => document.querySelector('meta[name="csrf-token"]').content;
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
    localStorage[open ? "setItem" : "removeItem"](keptAs("nexus-queue"), "1");
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
    freshen();
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
}

// Counts, storage and what is recent, as they are now.
async function freshen() {
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

// What holds for the whole queue is said once, not for each row.
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
    // One that is here may still be wanted twice.
    if (state === "done") transfer.file = null;
    disown(transfer.id);
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

/** Puts files into the queue: each with the folder it came in, if it did. */
export async function add(files, { directory = "", keepsBoth = false, url = null }) {
  isSaid = false;
  const added = files.map(({ file, path }) => ({
    id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
    person,
    name: file.name,
    path: path.includes("/") ? path : "",
    size: file.size,
    type: file.type,
    lastModified: file.lastModified,
    directory,
    keepsBoth,
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
    own(transfer.id);
    show(transfer);
  }
  mood = "";
  tell(`${added.length} ${added.length === 1 ? "file" : "files"}, sending`);
  pump();
  // The first ones are under way while the rest is written down.
  for (const transfer of added) if (transfer.file) await keep(transfer);
}

// One tab sends a file; others leave it alone. Without locks (a page without TLS) each tab keeps to its own.
const held = new Map();
function own(id) {
  if (!navigator.locks || held.has(id)) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(`nexus-transfer-${id}`, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise((release) => held.set(id, release)) : undefined;
    });
  });
}

function disown(id) {
  held.get(id)?.();
  held.delete(id);
}

async function keep(transfer) {
  const { id, name, path, size, type, lastModified, directory, keepsBoth, url, file } = transfer;
  await store.put({
    id,
    person,
    name,
    path,
    size,
    type,
    lastModified,
    directory,
    keepsBoth,
    url,
    file,
    isPaused: transfer.state === "paused",
  });
  // It may have ended, or begun, meanwhile.
  if (!transfers.has(id) || OVER.has(transfer.state)) await store.remove(id);
  else if (transfer.url !== url) await store.change(id, { url: transfer.url });
}

const isSame = (file, { name, size }) => file.name === name && file.size === Number(size);

/** Goes on with an upload that the server knows and this browser may not. */
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

const digest = async (file) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/** The item with the same bytes, if there is one. */
async function same(transfer) {
  const isWorth =
    !transfer.keepsBoth && !transfer.url && transfer.size >= HASHED[0] && transfer.size <= HASHED[1] && crypto.subtle;
  if (!isWorth) return null;
  set(transfer, "checking");
  try {
    const answer = await fetch(address(`/api/media/list?limit=1&sha256=${await digest(transfer.file)}`), {
      cache: "no-store",
    });
    return answer.ok ? ((await answer.json()).items[0]?.id ?? null) : null;
  } catch {
    return null; // Then it is sent, and the server sees it.
  }
}

async function start(transfer) {
  set(transfer, "sending");
  const found = await same(transfer);
  if (!transfers.has(transfer.id)) return;
  if (found) {
    transfer.item = found;
    return end(transfer, "duplicate");
  }
  let folder = transfer.directory;
  try {
    if (transfer.path && !transfer.url) folder = await folderOf(transfer.path, transfer.directory);
  } catch (error) {
    set(transfer, navigator.onLine ? "refused" : "offline", navigator.onLine ? error.message : "");
    return pump();
  }
  if (!transfers.has(transfer.id)) return;
  if (transfer.state !== "checking" && transfer.state !== "sending") return;
  set(transfer, "sending");
  send(transfer, folder);
}

function send(transfer, folder) {
  let seen = { at: performance.now(), sent: transfer.sent };
  const metadata = { filename: transfer.name, filetype: transfer.type };
  if (folder) metadata.directory = folder;
  if (transfer.keepsBoth) metadata.keep_duplicates = "true";
  transfer.upload = new tus.Upload(transfer.file, {
    endpoint: address("/api/uploads"),
    uploadUrl: transfer.url,
    chunkSize: PART,
    uploadDataDuringCreation: transfer.size <= AT_CREATION,
    storeFingerprintForResuming: false,
    retryDelays: [0, 1000, 3000],
    headers: { "X-CSRF-Token": token() },
    metadata,
    onShouldRetry: (error) => {
      const status = error.originalResponse?.getStatus() ?? 0;
      return status === 0
        ? navigator.onLine
        : [409, 423, 429, 460].includes(status) || (status >= 500 && status !== 507);
    },
    onUploadUrlAvailable: () => {
      transfer.url = new URL(transfer.upload.url, location.href).pathname;
      store.change(transfer.id, { url: transfer.url });
    },
    onChunkComplete: (_, accepted) => {
      transfer.safe = accepted;
    },
    onProgress: (sent) => {
      const at = performance.now();
      if (at - seen.at > 400 || sent === transfer.size) {
        const speed = Math.max(0, sent - seen.sent) / Math.max((at - seen.at) / 1000, 0.05);
        transfer.speed = transfer.speed ? transfer.speed * 0.7 + speed * 0.3 : speed;
        seen = { at, sent };
        transfer.sent = sent;
        show(transfer);
      }
    },
    onSuccess: ({ lastResponse }) => {
      transfer.item = lastResponse.getHeader("Nexus-Item");
      end(transfer, lastResponse.getHeader("Nexus-Duplicate") ? "duplicate" : "done");
    },
    onError: (error) => {
      failed(transfer, error);
      pump();
    },
  });
  transfer.upload.start();
}

function failed(transfer, error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  transfer.speed = 0;
  transfer.sent = transfer.safe ?? 0;
  if (status === 401) {
    set(transfer, "paused", "You are logged out. Log in again, then go on.");
    transfer.isLoggedOut = true;
    document.querySelector(`[data-transfer="${transfer.id}"]`)?.removeAttribute("data-state");
    show(transfer);
    return tell("You are logged out. Log in again, then go on.");
  }
  if (status === 0 || status === 429 || status === 409 || (status >= 500 && status !== 507)) {
    set(transfer, "offline");
    tell("Waiting for the connection");
    setTimeout(tryAgain, TRY_AGAIN);
    return;
  }
  let why = `The server answered ${status}.`;
  try {
    why = JSON.parse(error.originalResponse.getBody()).error.message;
  } catch {
    /* Then that is all that is known. */
  }
  set(transfer, "refused", why);
}

async function tryAgain() {
  if (!count("offline")) return;
  try {
    const answer = await fetch(address("/healthz"), { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    tell("Going on");
    for (const transfer of all()) if (transfer.state === "offline") set(transfer, "waiting");
    pump();
  } catch {
    setTimeout(tryAgain, TRY_AGAIN);
  }
}

const actions = {
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
    disown(transfer.id);
    takeAway(document.querySelector(`[data-transfer="${transfer.id}"]`));
    showTotal();
    await transfer.upload?.abort().catch(() => {});
    if (transfer.url) {
      const headers = { "Tus-Resumable": "1.0.0", "X-CSRF-Token": token() };
      fetch(transfer.url, { method: "DELETE", headers }).catch(() => {});
    }
    pump();
  },
};

// The focus goes to the next row, the one before, or the heading.
function takeAway(item) {
  if (!item) return;
  const hadFocus = item.contains(document.activeElement);
  const next = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("button, a");
  item.remove();
  if (hadFocus) (next ?? heading())?.focus();
}

function heading() {
  const found = document.querySelector("[data-queue] h2") ?? document.querySelector("main h1");
  if (found) found.tabIndex = -1;
  return found?.getClientRects().length ? found : document.querySelector("main h1");
}

function rowOf(event) {
  return transfers.get(event.target.closest?.("[data-transfer]")?.dataset.transfer);
}

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-transfer-action]")?.dataset.transferAction;
  const transfer = action && rowOf(event);
  if (transfer) actions[action](transfer);
  if (event.target.closest("[data-queue-pause]")) {
    for (const one of all()) if (LIVE.has(one.state)) actions.pause(one);
    showTotalNow();
    document.querySelector("[data-queue-resume]").focus();
  }
  if (event.target.closest("[data-queue-resume]")) {
    for (const one of all()) if (one.state === "paused") actions.resume(one);
    showTotalNow();
    document.querySelector("[data-queue-pause]").focus();
  }
  if (event.target.closest("[data-queue-clear]")) {
    for (const one of all()) {
      if (OVER.has(one.state)) {
        transfers.delete(one.id);
        document.querySelector(`[data-transfer="${one.id}"]`)?.remove();
      }
    }
    showTotalNow();
    const main = document.querySelector("main h1");
    main.tabIndex = -1;
    (document.querySelector("[data-queue]").hidden ? main : heading()).focus();
  }
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-transfer-file]") || !event.target.files.length) return;
  const transfer = rowOf(event);
  const [file] = event.target.files;
  if (!isSame(file, transfer)) {
    transfer.why = OTHER;
    return show(transfer);
  }
  transfer.file = file;
  isSaid = false;
  set(transfer, "waiting");
  keep(transfer);
  pump();
});
document.addEventListener(
  "keydown",
  (event) => {
    const transfer = rowOf(event);
    if (!transfer || event.ctrlKey || event.metaKey || event.altKey || !("keys" in document.body.dataset)) return;
    const action = { p: "pause", r: transfer.state === "paused" ? "resume" : "retry", Delete: "cancel" }[event.key];
    const button =
      action && event.target.closest("[data-transfer]").querySelector(`[data-transfer-action="${action}"]`);
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  },
  { capture: true },
);
window.addEventListener("beforeunload", (event) => {
  if (all().some((transfer) => LIVE.has(transfer.state))) event.preventDefault();
});
window.addEventListener("online", tryAgain);

const restored = store.all().then(async (entries) => {
  for (const entry of entries.filter((one) => one.person === person && !transfers.has(one.id))) {
    if (!(await own(entry.id))) continue;
    isSaid = false;
    const state = !entry.file ? "lost" : entry.isPaused ? "paused" : "waiting";
    transfers.set(entry.id, { ...entry, state, why: "", sent: 0, speed: 0, item: null });
  }
});

/** Shows the queue on a page that has just come, and goes on. */
export async function refresh() {
  await restored;
  const list = document.querySelector("[data-queue-list]");
  if (list) for (const transfer of all()) row(list, transfer);
  // What this browser sends anyway needs no row of the server's.
  for (const unfinished of document.querySelectorAll("[data-unfinished]")) {
    if (all().some((transfer) => transfer.url === unfinished.dataset.url)) unfinished.hidden = true;
  }
  showTotal();
  pump();
}
