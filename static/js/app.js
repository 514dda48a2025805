// Signed-in pages: each behaviour is a module; a page works without any of them.
import * as Turbo from '../vendor/turbo.js';
import { startGate } from './gate.js';
import { startKeys } from './keys.js';
import { startMenus } from './menus.js';
import { startSelection } from './selection.js';
import { startStars } from './stars.js';
import { startToasts } from './toasts.js';
import { startUpload } from './upload.js';

startStars();
startKeys();
startMenus();
document.addEventListener('turbo:load', () => {
  startGate();
  startSelection();
  startToasts();
  startUpload(Turbo);
});
// Turbo changes the body only; the colors hang on the root.
document.addEventListener('turbo:before-render', (event) => {
  document.documentElement.dataset.theme = event.detail.newBody.dataset.colors ?? 'system';
});
// A form that comes back with errors, and error pages, are pages of their own.
document.addEventListener('turbo:render', () => {
  startGate();
  startSelection();
  startUpload(Turbo);
});
