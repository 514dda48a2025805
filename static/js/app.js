// Signed-in pages: each behaviour is a module; a page works without any of them.
// Listeners hang on the document, so that a page out of Turbo's cache works like a fresh one.
import "../vendor/turbo.js";
import { refreshFocus, rove, startFocus } from "./focus.js";
import { refreshGate } from "./auth-forms.js";
import { startKeys } from "./shortcuts.js";
import { startGallery } from "./gallery.js";
import { startMenus } from "./menus.js";
import { refreshMore } from "./infinite-scroll.js";
import { refreshMusic, startMusic } from "./track-list.js";
import { startFilms } from "./video-fallback.js";
import { startSelection, update } from "./selection.js";
import { refreshStars, startStars } from "./favorites.js";
import { refreshToasts, startToasts } from "./toasts.js";
import { refreshUpload, startUpload } from "./upload.js";
import { refreshWaiting } from "./preview-polling.js";
import { startWayBack } from "./back-to-list.js";

startFilms();
startFocus();
startGallery();
startKeys();
startMenus();
startMusic();
startSelection();
startStars();
startToasts();
startUpload();
startWayBack();

let isFirst = true;
function refresh() {
  refreshGate();
  refreshMore();
  refreshMusic();
  refreshStars();
  refreshWaiting();
  refreshUpload();
  update();
  rove();
  refreshFocus();
  refreshToasts(isFirst);
  isFirst = false;
}
document.addEventListener("turbo:load", refresh);
// A form that comes back with errors, and error pages, are rendered without a visit.
document.addEventListener("turbo:submit-end", (event) => {
  if (!event.detail.success) document.addEventListener("turbo:render", refresh, { once: true });
});
// Turbo changes the body only; the colors hang on the root.
document.addEventListener("turbo:before-render", (event) => {
  const colors = event.detail.newBody.dataset.colors;
  if (colors) document.documentElement.dataset.theme = colors;
});
