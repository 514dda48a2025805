// Signed-in pages: each behaviour is a module; a page works without any of them.
// Listeners hang on the document, so that a page out of Turbo's cache works like a fresh one.
import * as Turbo from '../vendor/turbo.js';
import { refreshFocus, rove, startFocus } from './focus.js';
import { refreshGate } from './gate.js';
import { startKeys } from './keys.js';
import { startGallery } from './gallery.js';
import { startMenus } from './menus.js';
import { refreshMore } from './more.js';
import { refreshMusic, startMusic } from './music.js';
import { startFilms } from './films.js';
import { startSelection, update } from './selection.js';
import { refreshStars, startStars } from './stars.js';
import { refreshToasts, startToasts } from './toasts.js';
import { refreshUpload, startUpload } from './upload.js';
import { refreshWaiting } from './waiting.js';
import { startWayBack } from './way-back.js';

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
document.addEventListener('turbo:load', refresh);
// A form that comes back with errors, and error pages, are rendered without a visit.
document.addEventListener('turbo:submit-end', (event) => {
  if (!event.detail.success) document.addEventListener('turbo:render', refresh, { once: true });
});
// Turbo changes the body only; the colors hang on the root.
document.addEventListener('turbo:before-render', (event) => {
  const colors = event.detail.newBody.dataset.colors;
  if (colors) document.documentElement.dataset.theme = colors;
});
