// What the search box suggests while the user is typing: folders, artists, albums, cameras and months. Loaded when the
// box gets the focus for the first time.
import { fetchPage } from "./fetch-page.js";
import { libraryAddress } from "./urls.js";

const WAIT = 150;
let timer = 0;
let asked = "";

const box = () => document.querySelector("#q");
const list = () => document.querySelector("#suggestions");
const options = () => [...(list()?.querySelectorAll('[role="option"]') ?? [])];

/** Without a script it is a plain search box. */
function describe(input) {
  input.role = "combobox";
  input.ariaAutoComplete = "list";
  input.ariaExpanded = "false";
  input.setAttribute("aria-controls", "suggestions");
}

function close() {
  clearTimeout(timer);
  asked = "";
  list()?.remove();
  box()?.setAttribute("aria-expanded", "false");
  box()?.removeAttribute("aria-activedescendant");
}

async function show() {
  const input = box();
  const text = input.value.trim();
  asked = text;
  if (!text) return close();
  let page;
  try {
    page = await fetchPage(libraryAddress(`/search/suggestions?q=${encodeURIComponent(text)}`));
  } catch {
    return close();
  }
  // Something else has been typed, or the box was left.
  if (asked !== text || document.activeElement !== input) return;
  const fresh = page.querySelector("#suggestions");
  if (!fresh?.children.length) return close();
  asked = text;
  list()?.remove();
  input.form.append(fresh);
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) box().setAttribute("aria-activedescendant", option.id);
  else box().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function open(option) {
  const href = option.dataset.url;
  close();
  if (window.Turbo) window.Turbo.visit(href);
  else location.assign(href);
}

function onKey(event) {
  if (event.target.id !== "q" || !list()) return;
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") choose(all[at + 1]);
  else if (event.key === "ArrowUp") choose(at < 0 ? all.at(-1) : all[at - 1]);
  else if (event.key === "Enter" && at >= 0) open(all[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function onInput({ target }) {
  if (target?.id !== "q") return;
  if (!target.role) describe(target);
  clearTimeout(timer);
  timer = setTimeout(show, WAIT);
}

export function startSuggestions() {
  document.addEventListener("input", onInput);
  // What was typed before this module was loaded.
  if (box()?.value !== box()?.defaultValue) onInput({ target: document.activeElement });
  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("#suggestions [role='option']");
    if (!option) return;
    event.preventDefault();
    open(option);
  });
  document.addEventListener("focusout", (event) => event.target.id === "q" && close());
  document.addEventListener("submit", (event) => event.target.matches?.(".search") && close());
  document.addEventListener("turbo:before-cache", close);
}
