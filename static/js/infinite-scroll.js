// Loads the next page of a list when its end is near and the previous one when its beginning is, keeps the month on
// screen in the address, and lets the user drag through the months.
import { fetchPage } from "./fetch-page.js";
import { hasRoom, keepingPlace, markPage, trimAbove, trimBelow, withWholeList } from "./list-window.js";

let watch = null;
let marks = null;
let wanted = () => {};

/** How far from the top of the window a month counts as the one on screen, in pixels. */
const TOP = 160;

/** The list items of a group of tiles, or of the month that has no groups. */
const tilesOf = (node) => (node.matches("ul") ? node : node.querySelector("ul"));

function groups(gallery) {
  return [...gallery.children].filter((node) => node.dataset.day || node.matches("ul"));
}

/** Removes the heading or the group that continues one of the list, and joins the tiles. */
function join(list, heading, group, isAbove) {
  const known = heading && list.querySelector(`:scope > [data-month="${CSS.escape(heading.dataset.month)}"]`);
  if (!known) return;
  if (!isAbove) heading.remove();
  else known.remove();
  const own = isAbove ? groups(list)[0] : groups(list).at(-1);
  if (!group || !own || own.dataset.day !== group.dataset.day) return;
  if (isAbove) tilesOf(own).prepend(...tilesOf(group).children);
  else tilesOf(own).append(...tilesOf(group).children);
  group.remove();
}

function append(gallery, next) {
  const more = next.querySelector("div[data-gallery]");
  join(gallery, more.querySelector(":scope > [data-month]"), groups(more)[0], false);
  gallery.append(...more.children);
}

function prepend(gallery, previous) {
  const more = previous.querySelector("div[data-gallery]");
  const headings = more.querySelectorAll(":scope > [data-month]");
  const last = groups(more).at(-1);
  keepingPlace(gallery, () => {
    join(gallery, [...headings].at(-1), last, true);
    gallery.prepend(...more.children);
    gallery.dataset.offset = more.dataset.offset;
  });
}

const nextFrame = () => new Promise(requestAnimationFrame);

/** Loads the pages in one direction, as long as there are more. */
function loader(gallery, rel, add, trim) {
  let isBusy = false;
  const bar = () => document.querySelector(rel === "next" ? "[data-pages]" : "[data-pages-above]");
  const link = () => bar()?.querySelector(`a[rel="${rel}"]`);
  /** Adds the page that `from` leads to. */
  const addPage = async (from) => {
    const page = await fetchPage(from.href);
    // Parsing, adding and removing are in frames of their own, so that none takes long.
    await nextFrame();
    if (!gallery.isConnected) return;
    for (const tile of page.querySelectorAll("[data-gallery] [data-waiting]")) tile.dataset.from = from.href;
    const after = page.querySelector(`a[rel="${rel}"]`);
    markPage(page);
    add(gallery, page);
    if (after) from.setAttribute("href", after.getAttribute("href"));
    else if (rel === "prev") bar().remove();
    else from.remove();
    await nextFrame();
    trim(gallery);
    mark(gallery);
  };

  return {
    bar,
    load: async () => {
      const from = link();
      if (isBusy || !from || !gallery.isConnected) return;
      isBusy = true;
      try {
        await addPage(from);
      } catch {
        // The link remains and still leads to that page.
        watch?.disconnect();
        return;
      } finally {
        isBusy = false;
      }
      if (!gallery.isConnected) return;
      document.dispatchEvent(new CustomEvent("nexus:more"));
      // Observed anew, because what is still near the window would not be reported again. The other bar may be new.
      for (const again of document.querySelectorAll("[data-pages], [data-pages-above]")) {
        watch?.unobserve(again);
        watch?.observe(again);
      }
    },
  };
}

/** Asks for the next page of the list on screen, "above" or "below" what is loaded. */
export function askForMore(side) {
  document.dispatchEvent(new CustomEvent("nexus:want-more", { detail: side }));
}

/** Loads the rest of the list on one side, at most so many pages and only while it is wanted. */
export async function loadRest(side, most, isWanted = () => true) {
  const link = side === "above" ? '[data-pages-above] a[rel="prev"]' : '[data-pages] a[rel="next"]';
  await withWholeList(async () => {
    for (let rounds = 0; document.querySelector(link) && rounds < most && isWanted(); rounds += 1) {
      const arrived = new Promise((done) => {
        document.addEventListener("nexus:more", done, { once: true });
        setTimeout(done, 5000);
      });
      askForMore(side);
      await arrived;
    }
  });
}

export function refreshInfiniteScroll() {
  watch?.disconnect();
  marks?.disconnect();
  document.querySelector("[data-scrubber]")?.remove();
  const gallery = document.querySelector("div[data-gallery]");
  if (!gallery || !("IntersectionObserver" in window)) return;
  markPage(document);
  mark(gallery);
  scrubber(gallery);
  const below = loader(gallery, "next", append, trimAbove);
  const above = loader(gallery, "prev", prepend, trimBelow);
  watch = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        if (entry.target !== below.bar()) above.load();
        else if (hasRoom(gallery)) below.load();
      }
    },
    { rootMargin: "1500px" },
  );
  document.removeEventListener("nexus:want-more", wanted);
  wanted = (event) => (event.detail === "above" ? above.load() : below.load());
  document.addEventListener("nexus:want-more", wanted);
  for (const bar of [below.bar(), above.bar()]) if (bar) watch.observe(bar);
}

/** Marks the month on screen in the list of months, and keeps it in the address. */
function mark(gallery) {
  const nav = document.querySelector("[data-timeline]");
  if (!nav) return;
  const links = new Map([...nav.querySelectorAll("[data-to]")].map((link) => [link.dataset.to, link]));
  marks?.disconnect();
  marks = new IntersectionObserver(
    () => {
      // The last heading that has reached the top; headings stay there while their month is on screen.
      const headings = [...gallery.querySelectorAll("[data-month]")];
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < TOP);
      const month = (passed.at(-1) ?? headings[0])?.dataset.month;
      if (!month) return;
      for (const other of links.values()) other.removeAttribute("aria-current");
      links.get(month)?.setAttribute("aria-current", "true");
      show(month);
    },
    { rootMargin: "-64px 0px -70% 0px" },
  );
  for (const heading of gallery.querySelectorAll("[data-month]")) marks.observe(heading);
}

let shown = 0;
function show(month) {
  clearTimeout(shown);
  shown = setTimeout(() => {
    const nav = document.querySelector("[data-timeline]");
    if (!nav || document.querySelector("[data-viewer]") || location.hash) return;
    const address = new URL(location.href);
    if (scrollY < 300 && !document.querySelector("[data-pages-above]")) address.searchParams.delete("at");
    else address.searchParams.set("at", month);
    for (const name of ["cursor", "before", "view"]) address.searchParams.delete(name);
    if (address.href !== location.href) history.replaceState(history.state, "", address);
  }, 400);
}

/** A strip at the edge of the window: each month takes as much of it as it has photos. */
function scrubber(gallery) {
  const nav = document.querySelector("[data-timeline]");
  const months = (nav?.dataset.months ?? "").split(",").filter(Boolean);
  if (months.length < 3) return;
  const counts = months.map((text) => {
    const [month, count] = text.split(":");
    return { month, count: Number(count) };
  });
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const strip = Object.assign(document.createElement("div"), { className: "scrubber", ariaHidden: "true" });
  strip.dataset.scrubber = "";
  const bubble = Object.assign(document.createElement("span"), { className: "scrubber-month", hidden: true });
  strip.append(bubble);
  document.body.append(strip);

  const at = (event) => {
    const box = strip.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (event.clientY - box.top) / box.height));
    let left = part * total;
    const found = counts.find(({ count }) => (left -= count) < 0) ?? counts.at(-1);
    bubble.hidden = false;
    bubble.style.setProperty("top", `${part * 100}%`);
    const date = new Date(`${found.month}-15T12:00:00Z`);
    bubble.textContent = date.toLocaleDateString(document.documentElement.lang, { month: "short", year: "numeric" });
    return found.month;
  };
  let dragged = null;
  strip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    strip.setPointerCapture(event.pointerId);
    dragged = at(event);
  });
  strip.addEventListener("pointermove", (event) => {
    const month = at(event);
    if (dragged) dragged = month;
  });
  strip.addEventListener("pointerleave", () => {
    if (!dragged) bubble.hidden = true;
  });
  strip.addEventListener("pointercancel", () => {
    dragged = null;
    bubble.hidden = true;
  });
  strip.addEventListener("pointerup", () => {
    const month = dragged;
    dragged = null;
    bubble.hidden = true;
    if (month) jump(gallery, month, nav.dataset.top);
  });
}

function jump(gallery, month, top) {
  const heading = gallery.querySelector(`[data-month="${CSS.escape(month)}"]`);
  if (heading) {
    heading.scrollIntoView({ block: "start" });
    return;
  }
  const address = new URL(top, location.href);
  address.searchParams.set("at", month);
  if (window.Turbo) window.Turbo.visit(address.href);
  else location.assign(address);
}
document.addEventListener("turbo:before-cache", () => document.querySelector("[data-scrubber]")?.remove());
