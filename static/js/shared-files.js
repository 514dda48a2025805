// Files that were shared from another app: the service worker stores them, the upload page takes them.
import { storageKey } from "./urls.js";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(storageKey("nexus-shared"), 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Returns the stored files and removes them. */
export async function takeSharedFiles() {
  const database = await open();
  const transaction = database.transaction("files", "readwrite");
  const store = transaction.objectStore("files");
  const all = store.getAll();
  store.clear();
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(all.result);
    transaction.onabort = () => reject(transaction.error);
  });
}
