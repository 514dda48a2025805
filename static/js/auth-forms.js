// Forms: show a password, put the focus on what needs another look.
export function refreshGate() {
  for (const button of document.querySelectorAll("[data-show]")) button.hidden = false;
}

export function startGate() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    const input = document.getElementById(button.dataset.show);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  refreshGate();
  document.querySelector("[data-focus]")?.focus();
}

startGate();
