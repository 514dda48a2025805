// Messages: shown in the corner, announced by screen readers, removed after some seconds.
import { t } from "./words.js";
const SHORT = 8000;
const WITH_ACTION = 20000;

// Written into an existing live region: screen readers often ignore a new one.
export function say(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => {
    live.textContent = text;
  }, 60);
}

function expire(toast) {
  // It stays while it has the focus or the pointer is over it.
  let held = false;
  let due = false;
  const go = () => {
    if (due && !held) toast.remove();
  };
  for (const on of ["focusin", "pointerenter"])
    toast.addEventListener(on, () => {
      held = true;
    });
  for (const off of ["focusout", "pointerleave"])
    toast.addEventListener(off, () => {
      held = false;
      go();
    });
  setTimeout(
    () => {
      due = true;
      go();
    },
    toast.querySelector("form") ? WITH_ACTION : SHORT,
  );
}

/** Shows a message; `action` adds a button with a label that runs a function with the message's element. */
export function showToast(text, action) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.append(Object.assign(document.createElement("p"), { textContent: text }));
  if (action) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "btn small on-toast",
      textContent: action.label,
    });
    button.addEventListener("click", () => action.run(toast));
    toast.append(button);
  }
  document.querySelector("[data-toasts]")?.replaceChildren(toast);
  expire(toast);
  say(text);
}

// Announces the message of the page, or its title if there is none.
export function refreshToasts(isFirst) {
  const toasts = [...document.querySelectorAll("[data-toast]")];
  toasts.forEach(expire);
  if (toasts.length)
    say(
      toasts
        .map((toast) => toast.querySelector("p").textContent + (toast.querySelector("form") ? ` ${t("Press z to undo.")}` : ""))
        .join(" "),
    );
  else if (!isFirst) say(document.title);
}

export function startToasts() {
  document.addEventListener("turbo:before-cache", () => {
    for (const toast of document.querySelectorAll("[data-toast]")) toast.remove();
  });
}
