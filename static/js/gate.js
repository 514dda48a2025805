// Forms: show a password, put the focus on what needs another look.
export function startGate() {
  for (const button of document.querySelectorAll('[data-show]')) {
    if (!button.hidden) continue;
    button.hidden = false;
    const input = document.getElementById(button.dataset.show);
    button.addEventListener('click', () => {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
    });
  }
  document.querySelector('[data-focus]')?.focus();
}

startGate();
