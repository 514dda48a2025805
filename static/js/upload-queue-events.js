// Clicks and keys on the queue of uploads.
import * as queue from "./upload-queue.js";
import { t } from "./words.js";

const rowOf = (event) => queue.find(event.target.closest?.("[data-transfer]")?.dataset.transfer);

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-transfer-action]")?.dataset.transferAction;
  const transfer = action && rowOf(event);
  if (transfer) queue.actions[action](transfer);
  if (event.target.closest("[data-queue-pause]")) {
    queue.pauseAll();
    document.querySelector("[data-queue-resume]").focus();
  }
  if (event.target.closest("[data-queue-resume]")) {
    queue.resumeAll();
    document.querySelector("[data-queue-pause]").focus();
  }
  const fold = event.target.closest("[data-queue-fold]");
  if (fold) {
    const isFolded = fold.closest("[data-queue]").classList.toggle("folded");
    fold.setAttribute("aria-expanded", String(!isFolded));
  }
  const finished = event.target.closest("[data-queue-finished]");
  if (finished) {
    const isShown = document.querySelector("[data-queue-list]").classList.toggle("with-finished");
    finished.setAttribute("aria-expanded", String(isShown));
    finished.textContent = isShown ? t("Hide finished") : t("Show finished");
  }
  if (event.target.closest("[data-queue-clear]")) {
    queue.clearFinished();
    queue.heading().focus();
  }
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-transfer-file]") || !event.target.files.length) return;
  queue.continueWith(rowOf(event), event.target.files[0]);
});

document.addEventListener(
  "keydown",
  (event) => {
    const transfer = rowOf(event);
    if (!transfer || event.ctrlKey || event.metaKey || event.altKey || !("keys" in document.body.dataset)) return;
    const action = { p: "pause", r: transfer.state === "paused" ? "resume" : "retry", Delete: "cancel" }[event.key];
    const button =
      action && event.target.closest("[data-transfer]").querySelector(`[data-transfer-action="${action}"]`);
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  },
  { capture: true },
);

window.addEventListener("beforeunload", (event) => {
  if (queue.isBusy()) event.preventDefault();
});
window.addEventListener("online", queue.tryAgain);
