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

/** Milliseconds between two questions whether an account was approved. */
const PENDING_INTERVAL = 15_000;

// The page of a pending account opens the library as soon as it is approved: the server redirects then.
function watchApproval() {
  const page = document.querySelector("[data-pending]");
  if (!page) return;
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") location.reload();
  }, PENDING_INTERVAL);
}

startAuthForms();
watchApproval();
