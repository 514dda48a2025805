// The service worker: keeps the files of the program and the page that is shown without a connection, and takes files
// that other apps share. It never keeps a page, photo or answer of a user.
// The server puts the constants BASE, ASSETS and VERSION before this text.
/* global BASE, ASSETS, VERSION */
const CACHE = `nexus ${BASE} ${VERSION}`;
const OFFLINE = `${BASE}offline`;
const SHELL = [OFFLINE, `${ASSETS}/css/nexus.css`, `${ASSETS}/img/logo.svg`, `${ASSETS}/js/auth-forms.js`].concat(
  ["offline", "upload-queue-store", "urls"].map((name) => `${ASSETS}/js/${name}.js`),
);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)));
});

self.addEventListener("activate", (event) => {
  const isOwn = (name) => name.startsWith(`nexus ${BASE} `);
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => isOwn(name) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener("message", (event) => {
  if (event.data === "activate") self.skipWaiting();
});

function openShared() {
  return new Promise((resolve, reject) => {
    const name = BASE === "/" ? "nexus-shared" : `nexus-shared${BASE}`;
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function takeShared(request) {
  const files = (await request.formData()).getAll("files").filter((file) => file instanceof File && file.size);
  const database = await openShared();
  const transaction = database.transaction("files", "readwrite");
  for (const file of files) transaction.objectStore("files").add(file);
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  return Response.redirect(`${BASE}upload?shared=1`, 303);
}

/** A file of the program: its address changes with its content. */
async function fromCache(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok && answer.status === 200) cache.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname === `${BASE}shared-in`) {
    event.respondWith(takeShared(request));
  } else if (request.method !== "GET") {
    return;
  } else if (url.pathname.startsWith(`${ASSETS}/`)) {
    event.respondWith(fromCache(request));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  }
});
