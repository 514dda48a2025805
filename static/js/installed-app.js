// As an installed app: registers the service worker, offers updates, and keeps the page when there is no connection.
import { address } from "./urls.js";
import { showToast } from "./toasts.js";

function offerUpdate(worker) {
  showToast("A new version is available.", { label: "Reload", run: () => worker.postMessage("activate") });
}

async function register() {
  const registration = await navigator.serviceWorker.register(address("/sw.js"), { scope: address("/") });
  let isUpdate = Boolean(navigator.serviceWorker.controller);
  const watch = (worker) => {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && isUpdate) offerUpdate(worker);
    });
  };
  if (registration.waiting && isUpdate) offerUpdate(registration.waiting);
  registration.addEventListener("updatefound", () => watch(registration.installing));
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isUpdate) location.reload();
    isUpdate = true;
  });
}

export function startInstalledApp() {
  if ("serviceWorker" in navigator && isSecureContext) {
    addEventListener("load", () => register().catch(() => {}), { once: true });
  }
  document.addEventListener("turbo:fetch-request-error", (event) => {
    if (navigator.onLine && event.detail.error?.name !== "TypeError") return;
    event.preventDefault();
    showToast("No connection. You can stay on this page.");
  });
}
