// In place of the service worker, where pages cannot be installed: removes itself and what an earlier one stored.
// The server puts the constants BASE, ASSETS and VERSION before this text.
/* global BASE */
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const clean = async () => {
    const own = (await caches.keys()).filter((name) => name.startsWith(`nexus ${BASE} `));
    await Promise.all(own.map((name) => caches.delete(name)));
    await self.registration.unregister();
  };
  event.waitUntil(clean());
});
