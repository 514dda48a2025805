// As an installed app: registers the service worker, offers updates, and keeps the page when there is no connection.
import { address } from "./urls.js";
import { showToast } from "./toasts.js";
import { t } from "./words.js";

function offerUpdate(worker) {
  showToast(t("A new version is available."), { label: t("Reload"), run: () => worker.postMessage("activate") });
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

let prompt = null;

/** Shows the button of the page about apps, if the browser can install this one now. */
export function refreshInstalledApp() {
  const button = document.querySelector("[data-install]");
  if (button) button.hidden = !prompt;
}

export function startInstalledApp() {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt = event;
    refreshInstalledApp();
  });
  addEventListener("appinstalled", () => {
    prompt = null;
    refreshInstalledApp();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-install]")) return;
    prompt?.prompt();
    prompt = null;
    refreshInstalledApp();
  });
  if ("serviceWorker" in navigator && isSecureContext) {
    addEventListener("load", () => register().catch(() => {}), { once: true });
  }
  document.addEventListener("turbo:fetch-request-error", (event) => {
    if (navigator.onLine && event.detail.error?.name !== "TypeError") return;
    event.preventDefault();
    showToast(t("No connection. You can stay on this page."));
  });
}
