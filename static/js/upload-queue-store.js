// The upload queue in IndexedDB: it survives reloads and restarts, and so do the files if there is space.
import { storageKey } from "./urls.js";

const LARGEST = 2 * 1024 ** 3;

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open(storageKey("nexus-transfers"), 1);
  request.onupgradeneeded = () => request.result.createObjectStore("transfers", { keyPath: "id" });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
opened.catch(() => {});

async function run(mode, work) {
  const transaction = (await opened).transaction("transfers", mode);
  const request = work(transaction.objectStore("transfers"));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

async function hasRoom(bytes) {
  if (bytes > LARGEST) return false;
  const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
  return quota === undefined || quota - usage > bytes * 1.2;
}

/** Stores a transfer. Resolves to whether its file was stored too. */
export async function put(entry) {
  try {
    if (await hasRoom(entry.size)) {
      await run("readwrite", (store) => store.put(entry));
      return true;
    }
  } catch {
    /* Too large for this browser, or one that keeps no files. */
  }
  try {
    await run("readwrite", (store) => store.put({ ...entry, file: undefined }));
  } catch {
    /* A private window: it is gone with the page. */
  }
  return false;
}

/** Changes the stored state of a transfer, except its file. */
export async function change(id, changes) {
  try {
    // In one transaction, so that a transfer that is removed in the meantime is not stored again.
    await run("readwrite", (store) => {
      const known = store.get(id);
      known.onsuccess = () => {
        if (known.result) store.put({ ...known.result, ...changes });
      };
      return known;
    });
  } catch {
    /* As above. */
  }
}

export async function remove(id) {
  try {
    await run("readwrite", (store) => store.delete(id));
  } catch {
    /* As above. */
  }
}

export async function all() {
  try {
    return await run("readonly", (store) => store.getAll());
  } catch {
    return [];
  }
}
