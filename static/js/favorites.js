import { libraryAddress } from "./urls.js";
import { showToast } from "./toasts.js";
import { t } from "./words.js";

// Recently set stars: a page requested while one was being sent may not contain it yet.
const LASTING = 10_000;
const latest = new Map();

// Sets a star without a reload, and resets it if the server rejects it.
function show(id, starred) {
  for (const button of document.querySelectorAll(`[data-star="${CSS.escape(id)}"]`)) {
    button.setAttribute("aria-pressed", String(starred));
    button.setAttribute("formaction", libraryAddress(`/items/${id}/${starred ? "unfavorite" : "favorite"}`));
  }
}

export async function toggleStar(button) {
  const id = button.dataset.star;
  const starred = button.getAttribute("aria-pressed") !== "true";
  show(id, starred);
  latest.set(id, { starred, at: Date.now() });
  const token = document.querySelector('meta[name="csrf-token"]').content;
  try {
    const answer = await fetch(libraryAddress(`/items/${id}/${starred ? "favorite" : "unfavorite"}`), {
      method: "POST",
      headers: { "X-CSRF-Token": token },
      redirect: "manual",
    });
    if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(String(answer.status));
  } catch {
    latest.delete(id);
    show(id, !starred);
    showToast(t("The favorite was not saved. Try again."));
  }
}

export function refreshFavorites() {
  for (const [id, { starred, at }] of latest) {
    if (Date.now() - at > LASTING) latest.delete(id);
    else show(id, starred);
  }
}

export function startFavorites() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-star]");
    if (!button) return;
    event.preventDefault();
    toggleStar(button);
  });
}
