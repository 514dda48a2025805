// Buttons that copy a text. Browsers allow it only in secure contexts; elsewhere, they stay hidden.
import { address } from "./urls.js";
import { showToast } from "./toasts.js";
import { t } from "./words.js";

export function refreshCopy() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

export function startCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      const recover = new URL(address("/recover"), location.href).href;
      await navigator.clipboard.writeText(button.dataset.copy.replace("{recover}", recover));
      showToast(t("Copied"));
    } catch {
      showToast(t("It could not be copied. Select the text instead."));
    }
  });
}
