// Login forms: show the password, focus the first invalid field.
export function refreshAuthForms() {
  for (const button of document.querySelectorAll("[data-show]")) button.hidden = false;
}

export function startAuthForms() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    const input = document.getElementById(button.dataset.show);
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  refreshAuthForms();
  document.querySelector("[data-focus]")?.focus();
}

startAuthForms();
