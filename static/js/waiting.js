// Pictures that are being made: the page is asked for again until they have come, and only they are put in.
let timer = 0;
let tries = 0;

/** Milliseconds between two looks, and how often one looks. */
const PAUSE = 2000;
const MOST = 90;

async function look() {
  if (document.hidden) return schedule();
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const old of document.querySelectorAll('[data-waiting]')) {
    if (old.dataset.waiting === 'page') {
      if (!fresh.querySelector('[data-waiting="page"]')) { window.Turbo ? window.Turbo.visit(location.href, { action: 'replace' }) : location.reload(); return; }
      continue;
    }
    const now = fresh.querySelector(`[data-tile="${CSS.escape(old.dataset.tile)}"]:not([data-waiting])`);
    if (!now || old.contains(document.activeElement)) continue;
    const box = old.querySelector('input[type="checkbox"]');
    const taken = now.querySelector('input[type="checkbox"]');
    if (box && taken) taken.checked = box.checked;
    old.replaceWith(now);
  }
  document.dispatchEvent(new CustomEvent('nexus:more'));
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (tries >= MOST || !document.querySelector('[data-waiting]')) return;
  tries += 1;
  timer = setTimeout(() => look().catch(schedule), PAUSE);
}

export function refreshWaiting() {
  tries = 0;
  schedule();
}
document.addEventListener('turbo:before-cache', () => clearTimeout(timer));
