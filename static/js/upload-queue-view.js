// The queue as a list: one row per file, and the total.
import { address, libraryAddress } from "./urls.js";
import { msg, t } from "./words.js";

const GB = 1e9;
const MB = 1e6;
const decimal = (number) =>
  number.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
export const size = (bytes) =>
  bytes >= GB
    ? `${decimal(bytes / GB)} GB`
    : bytes >= MB
      ? `${decimal(bytes / MB)} MB`
      : `${Math.ceil(bytes / 1000)} kB`;
const left = (seconds) =>
  seconds > 5400
    ? t("{hours} h left", { hours: Math.round(seconds / 3600) })
    : seconds > 90
      ? t("{minutes} min left", { minutes: Math.ceil(seconds / 60) })
      : t("{seconds} s left", { seconds: Math.max(1, Math.ceil(seconds)) });

const WORDS = {
  waiting: t("Waiting"),
  checking: t("Checking for duplicates"),
  sending: t("Uploading"),
  paused: t("Paused"),
  offline: t("Waiting for network"),
  lost: t("Stopped"),
  done: t("Done"),
  duplicate: t("Already uploaded"),
  refused: t("Failed"),
};
const ICONS = {
  done: "circle-check",
  duplicate: "copy",
  refused: "triangle-alert",
  paused: "pause",
  offline: "wifi-off",
};
// The actions of a row, in display order.
const ACTIONS = {
  waiting: ["pause", "cancel"],
  checking: ["cancel"],
  sending: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  offline: ["retry", "cancel"],
  lost: ["cancel"],
  done: [],
  duplicate: ["both"],
  refused: ["retry", "cancel"],
};
const LABELS = {
  pause: t("Pause"),
  resume: t("Resume"),
  retry: t("Retry"),
  cancel: t("Cancel"),
  both: t("Keep both"),
};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.querySelector("[data-queue]").dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

const part = (sent, all) => t("{sent} of {all}", { sent: size(sent), all: size(all) });

function said(transfer) {
  const { state, sent, size: all, speed, why } = transfer;
  if (why) return why;
  if (state === "lost") return t("Choose the file again to resume");
  if (state === "sending") {
    const percent = all ? Math.floor((sent / all) * 100) : 100;
    if (sent >= all) return t("Saving");
    const pace = speed > 0 ? ` · ${size(speed)}/s · ${left((all - sent) / speed)}` : "";
    return `${percent} % · ${part(sent, all)}${pace}`;
  }
  return sent > 0 && sent < all ? part(sent, all) : size(all);
}

function named(text, name) {
  return [text, element("span", { className: "sr", textContent: ` ${name}` })];
}

/** Creates or updates the row of a transfer. */
export function row(list, transfer) {
  let item = list.querySelector(`[data-transfer="${transfer.id}"]`);
  if (!item) {
    item = element(
      "li",
      { className: "row-item" },
      element("span", { className: "row-icon" }),
      element(
        "span",
        { className: "row-name" },
        element("b", { textContent: transfer.path || transfer.name }),
        element("span", { className: "meta" }),
        element("progress", { max: 1, value: 0, ariaLabel: t("Progress of {name}", { name: transfer.name }) }),
      ),
      element("span", { className: "row-state" }),
      element("span", { className: "row-actions" }),
    );
    item.dataset.transfer = transfer.id;
    list.append(item);
  }
  const { state } = transfer;
  const [mark, name, word, actions] = item.children;
  name.querySelector(".meta").textContent = said(transfer);
  const bar = name.querySelector("progress");
  bar.hidden = !["sending", "paused", "offline", "lost"].includes(state);
  bar.value = transfer.size ? transfer.sent / transfer.size : 0;
  if (item.dataset.state === state) return;
  item.dataset.state = state;
  mark.className = `row-icon${state === "done" ? " ok" : state === "refused" ? " bad" : ""}`;
  mark.replaceChildren(icon(ICONS[state] ?? "file-up"));
  word.className = `row-state${state === "done" ? " ok" : state === "refused" ? " bad" : ""}`;
  word.textContent = WORDS[state];
  const hadFocus = actions.contains(document.activeElement);
  // After a reload, the files of uploads that have ended are gone.
  const hasFile = Boolean(transfer.file);
  const possible = ACTIONS[state].filter((action) => hasFile || (action !== "both" && (action !== "retry" || state !== "refused")));
  const buttons = possible.map((action) => {
    const button = element(
      "button",
      { type: "button", className: "btn small" },
      ...named(LABELS[action], transfer.name),
    );
    button.dataset.transferAction = action;
    return button;
  });
  if (transfer.isLoggedOut)
    buttons.unshift(
      element(
        "a",
        { className: "btn small", href: address("/login?next=/upload") },
        ...named(t("Log in"), t("to send {name}", { name: transfer.name })),
      ),
    );
  if (transfer.item)
    buttons.unshift(
      element(
        "a",
        { className: "btn small", href: libraryAddress(`/items/${transfer.item}`, transfer.library ?? "") },
        ...named(t("Open"), transfer.name),
      ),
    );
  if (state === "lost" || (state === "refused" && !hasFile)) {
    const input = element("input", { type: "file", className: "sr" });
    input.dataset.transferFile = "";
    buttons.unshift(element("label", { className: "btn small" }, ...named(t("Choose again"), transfer.name), input));
  }
  actions.replaceChildren(...buttons);
  if (hadFocus) actions.querySelector("button, a, input")?.focus();
}

/** `12 added, 1 already uploaded, 1 failed`. */
export function summary(transfers) {
  const count = (state) => transfers.filter((transfer) => transfer.state === state).length;
  const parts = [
    [count("done"), document.body.hasAttribute("data-visitor") ? msg("{n} sent") : msg("{n} added")],
    [count("duplicate"), msg("{n} already uploaded")],
    [count("refused"), msg("{n} failed")],
  ];
  return parts
    .filter(([number]) => number)
    .map(([n, text]) => t(text, { n }))
    .join(", ");
}

/** The total progress: as text, and as a fraction. */
export function total(transfers) {
  const live = transfers.filter((transfer) => !["refused", "duplicate"].includes(transfer.state));
  const all = live.reduce((sum, transfer) => sum + transfer.size, 0);
  const sent = live.reduce((sum, transfer) => sum + (transfer.state === "done" ? transfer.size : transfer.sent), 0);
  const open = live.filter((transfer) => transfer.state !== "done").length;
  const speed = live.reduce((sum, transfer) => sum + (transfer.state === "sending" ? transfer.speed : 0), 0);
  const rest = speed > 0 ? ` · ${size(speed)}/s · ${left((all - sent) / speed)}` : "";
  return { open, part: all ? sent / all : 1, words: t("{open} left · {sent} of {all}", { open, sent: size(sent), all: size(all) }) + rest };
}
