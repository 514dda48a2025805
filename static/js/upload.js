// The upload form: files dropped on it, progress while they go, the result page when they are there.
import { showToast } from './toasts.js';

const MB = 1e6;
const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / MB).toFixed(1)} MB`);

function send(form, Turbo) {
  const input = form.querySelector('input[type="file"]');
  const area = form.querySelector('[data-progress]');
  const words = form.querySelector('[data-progress-words]');
  const bar = form.querySelector('[data-progress-bar]');
  const buttons = form.querySelectorAll('button:not([data-progress-cancel])');
  const files = [...input.files];
  if (!files.length) { input.focus(); return; }

  const request = new XMLHttpRequest();
  const started = performance.now();
  const leave = (event) => event.preventDefault();
  const end = (text) => {
    window.removeEventListener('beforeunload', leave);
    for (const button of buttons) button.disabled = false;
    bar.hidden = true;
    words.textContent = text;
  };
  window.addEventListener('beforeunload', leave);
  for (const button of buttons) button.disabled = true;
  area.hidden = false;
  bar.hidden = false;
  bar.value = 0;
  words.textContent = files.length === 1 ? `Sending ${files[0].name}` : `Sending ${files.length} files`;

  let said = 0;
  request.upload.addEventListener('progress', (event) => {
    bar.value = event.total ? event.loaded / event.total : 0;
    if (performance.now() - said < 500) return;
    said = performance.now();
    const speed = event.loaded / Math.max((said - started) / 1000, 0.1);
    const left = Math.ceil((event.total - event.loaded) / speed);
    const time = left > 90 ? `${Math.ceil(left / 60)} min left` : `${left} s left`;
    words.textContent = `${Math.floor(bar.value * 100)} % · ${size(event.loaded)} of ${size(event.total)} · ${size(speed)}/s · ${time}`;
  });
  request.upload.addEventListener('load', () => { words.textContent = 'Making sure it is safe on disk'; });
  request.addEventListener('load', () => {
    if (request.status < 400) {
      end('Done');
      Turbo.visit(new URL(request.responseURL).pathname);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, 'text/html');
    const why = page.querySelector('.lead')?.textContent ?? `The server answered ${request.status}.`;
    end(`Not stored: ${why}`);
  });
  request.addEventListener('error', () => end('The connection broke off. Nothing half-sent was kept; try again.'));
  request.addEventListener('abort', () => end('Cancelled. Nothing half-sent was kept.'));
  form.querySelector('[data-progress-cancel]').addEventListener('click', () => request.abort(), { once: true });
  request.open('POST', form.action);
  request.send(new FormData(form));
}

const formOf = (event) => event.target.closest?.('[data-upload]');
const over = (form) => { for (const one of document.querySelectorAll('[data-upload].over')) one.classList.toggle('over', one === form); form?.classList.add('over'); };

// A page as it is when it is fresh: nothing chosen, nothing under way.
function reset() {
  over(null);
  for (const form of document.querySelectorAll('[data-upload]')) {
    form.reset();
    form.querySelector('[data-progress]').hidden = true;
    for (const button of form.querySelectorAll('button')) button.disabled = false;
  }
}

export function refreshUpload() {
  for (const form of document.querySelectorAll('[data-upload][data-at-once]')) form.querySelector('.drop-actions .btn').hidden = true;
}

export function startUpload(Turbo) {
  document.addEventListener('submit', (event) => {
    const form = formOf(event);
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    send(form, Turbo);
  }, { capture: true });
  document.addEventListener('change', (event) => {
    const form = event.target.matches('input[type="file"]') && formOf(event);
    if (form && form.hasAttribute('data-at-once') && event.target.files.length) send(form, Turbo);
  });
  // A file let go beside the form would open in place of the page: it goes into the form, or nowhere.
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(document.querySelector('[data-upload]'));
  });
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) over(null); });
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(null);
    const form = document.querySelector('[data-upload]');
    if (!form) return showToast('Drop files on the dashboard or the upload page.');
    form.querySelector('input[type="file"]').files = event.dataTransfer.files;
    send(form, Turbo);
  });
  document.addEventListener('turbo:before-cache', reset);
}
