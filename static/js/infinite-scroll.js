// Loads the next page of a list when its end is near, and marks the month on screen.
import { fetchPage } from "./fetch-page.js";

let watch = null;
let marks = null;
let wanted = () => {};

/** Pages that are loaded automatically; after them, the user follows the link. */
const MOST = 20;

function append(gallery, next) {
  for (const node of [...next.querySelector("[data-gallery]").children]) {
    const month = node.dataset.month;
    const known = month && gallery.querySelector(`[data-month="${CSS.escape(month)}"]`);
    if (known) {
      // The month continues: its tiles are added to the existing ones.
      const more = node.nextElementSibling;
      if (more) known.nextElementSibling.append(...more.children);
      more?.remove();
    } else if (node.parentElement) {
      gallery.append(node);
    }
  }
}

export function refreshInfiniteScroll() {
  watch?.disconnect();
  marks?.disconnect();
  const gallery = document.querySelector("div[data-gallery]");
  if (!gallery) return;
  mark(gallery);
  const pages = document.querySelector("[data-pages]");
  let link = pages?.querySelector('a[rel="next"]');
  let count = 0;
  let isBusy = false;
  if (!link || !("IntersectionObserver" in window)) return;
  const bring = async () => {
    if (isBusy || !link || count >= MOST || !gallery.isConnected) return;
    isBusy = true;
    try {
      const next = await fetchPage(link.href);
      if (!gallery.isConnected) return;
      for (const tile of next.querySelectorAll("[data-gallery] [data-waiting]")) tile.dataset.from = link.href;
      append(gallery, next);
      count += 1;
      const after = next.querySelector('[data-pages] a[rel="next"]');
      if (after) link.setAttribute("href", after.getAttribute("href"));
      else {
        link.remove();
        link = null;
      }
      mark(gallery);
      document.dispatchEvent(new CustomEvent("nexus:more"));
    } catch {
      // The link remains and still leads to the next page.
      watch.disconnect();
    } finally {
      isBusy = false;
    }
    if (link && count < MOST) {
      watch.unobserve(pages);
      watch.observe(pages);
    }
  };
  watch = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) bring();
    },
    { rootMargin: "2000px" },
  );
  document.removeEventListener("nexus:want-more", wanted);
  wanted = bring;
  document.addEventListener("nexus:want-more", wanted);
  watch.observe(pages);
}

function mark(gallery) {
  const links = new Map(
    [...document.querySelectorAll("[data-timeline] [data-to]")].map((link) => [link.dataset.to, link]),
  );
  if (!links.size) return;
  marks?.disconnect();
  marks = new IntersectionObserver(
    (entries) => {
      const top = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target.dataset.month)[0];
      const link = links.get(top);
      if (!link) return;
      for (const other of links.values()) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const heading of gallery.querySelectorAll("[data-month]")) marks.observe(heading);
}
