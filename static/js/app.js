// Signed-in pages: each behaviour is a module; a page works without any of them.
// Listeners are attached to the document, so that a page from Turbo's cache works like a new one.
import "../vendor/turbo.js";
import { refreshFocus, rove, roveMonths, startFocus } from "./focus.js";
import { refreshAuthForms } from "./auth-forms.js";
import { startShortcuts } from "./shortcuts.js";
import { startGallery } from "./gallery.js";
import { refreshCopy, startCopy } from "./copy.js";
import { startMenus } from "./menus.js";
import { refreshInfiniteScroll } from "./infinite-scroll.js";
import { refreshTrackList, startTrackList } from "./track-list.js";
import { startVideoFallback } from "./video-fallback.js";
import { refreshInstalledApp, startInstalledApp } from "./installed-app.js";
import { startDragItems } from "./drag-items.js";
import { startMotion } from "./motion.js";
import { startSelection, update } from "./selection.js";
import { refreshFavorites, startFavorites } from "./favorites.js";
import { refreshToasts, startToasts } from "./toasts.js";
import { refreshUpload, startUpload } from "./upload.js";
import { refreshPreviews } from "./preview-polling.js";
import { startBackToList } from "./back-to-list.js";
import { startTimeZone } from "./time-zone.js";

startVideoFallback();
startFocus();
startGallery();
startShortcuts();
startMenus();
startCopy();
startTrackList();
startSelection();
startFavorites();
startToasts();
startUpload();
startBackToList();
startTimeZone();
startMotion();
startDragItems();
// Only devices with a touch screen need it.
if (matchMedia("(any-pointer: coarse)").matches)
  import("./touch-selection.js").then(({ startTouchSelection }) => startTouchSelection());
// Visitors of a share link get no app, and do not keep one up to date.
if (!document.body.hasAttribute("data-visitor")) startInstalledApp();
function loadSuggestions({ target }) {
  if (target?.id !== "q") return;
  document.removeEventListener("focusin", loadSuggestions);
  import("./search-suggestions.js").then(({ startSuggestions }) => startSuggestions());
}
document.addEventListener("focusin", loadSuggestions);
// The box may have the focus already.
loadSuggestions({ target: document.activeElement });

let isFirst = true;
function refresh() {
  refreshAuthForms();
  refreshCopy();
  refreshInfiniteScroll();
  refreshTrackList();
  refreshFavorites();
  refreshPreviews();
  refreshUpload();
  update();
  rove();
  roveMonths();
  refreshFocus();
  refreshToasts(isFirst);
  refreshInstalledApp();
  const pages = document.querySelector("[data-pages-of]");
  if (pages) import("./document-pages.js").then(({ startDocumentPages }) => startDocumentPages(pages));
  const map = document.querySelector("[data-map]");
  if (map) import("./map.js").then(({ startMap }) => startMap(map));
  isFirst = false;
}
document.addEventListener("turbo:load", refresh);
// A form that comes back with errors, and error pages, are rendered without a visit.
document.addEventListener("turbo:submit-end", (event) => {
  if (!event.detail.success) document.addEventListener("turbo:render", refresh, { once: true });
});
// Turbo replaces only the body; the theme is set on the root element.
document.addEventListener("turbo:before-render", (event) => {
  const colors = event.detail.newBody.dataset.colors;
  if (colors) document.documentElement.dataset.theme = colors;
});
