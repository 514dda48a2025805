// The upload form: files dropped on it, progress while they go, the result page when they are there.
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

export function startUpload(Turbo) {
  for (const form of document.querySelectorAll('[data-upload]')) {
    if (form.dataset.started) continue;
    form.dataset.started = 'yes';
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      event.stopPropagation();
      send(form, Turbo);
    });
    const input = form.querySelector('input[type="file"]');
    if (form.hasAttribute('data-at-once')) {
      form.querySelector('.drop-actions .btn').hidden = true;
      input.addEventListener('change', () => { if (input.files.length) send(form, Turbo); });
    }
    for (const on of ['dragenter', 'dragover']) form.addEventListener(on, (event) => { event.preventDefault(); form.classList.add('over'); });
    for (const off of ['dragleave', 'drop']) form.addEventListener(off, () => form.classList.remove('over'));
    form.addEventListener('drop', (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      send(form, Turbo);
    });
  }
}
