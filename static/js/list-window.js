// Keeps only a part of a long list in the page: what is far above or below the window is removed again, and loaded when
// the user returns to it.

/** Tiles that stay in the page in any case. */
const MOST = 300;
/** Tiles that are loaded by scrolling in an order that has no way back, in which none can be removed. */
const MOST_WITHOUT_REMOVAL = 2400;
/** How far from the window tiles must be to be removed, in pixels: farther than where they are loaded again. */
const FAR = 3000;

let holds = 0;

/** While `work` runs, everything that has been loaded stays. */
export async function withWholeList(work) {
  holds += 1;
  try {
    return await work();
  } finally {
    holds -= 1;
  }
}

const tilesOf = (gallery) => [...gallery.querySelectorAll("[data-tile]")];
const hrefOf = (page, rel) => page.querySelector(`.pages a[rel="${rel}"]`)?.getAttribute("href") ?? "";
const isSelected = (tile) => Boolean(tile.querySelector('input[type="checkbox"]:checked'));

/** Records on the first and the last tile of a page of the list how the pages beside it are loaded. */
export function markPage(page) {
  const gallery = page.querySelector("div[data-gallery]");
  const tiles = gallery ? tilesOf(gallery) : [];
  if (!tiles.length || "pageOffset" in tiles[0].dataset) return;
  tiles[0].dataset.pageOffset = gallery.dataset.offset;
  tiles[0].dataset.pagePrev = hrefOf(page, "prev");
  tiles.at(-1).dataset.pageNext = hrefOf(page, "next");
}

/** Removes tiles, and the days and months that become empty. */
function remove(gallery, tiles) {
  for (const tile of tiles) tile.remove();
  for (const list of gallery.querySelectorAll("ul")) {
    if (!list.children.length) (list.closest("[data-day]") ?? list).remove();
  }
  for (const heading of gallery.querySelectorAll(":scope > [data-month]")) {
    const next = heading.nextElementSibling;
    if (!next || next.matches("[data-month]")) heading.remove();
  }
}

/** Calls `change`, which changes what is outside of the window, so that what is inside of it stays in its place. */
export function keepingPlace(gallery, change) {
  const anchor = tilesOf(gallery).find((tile) => tile.getBoundingClientRect().bottom > 0);
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (!anchor?.isConnected) return;
  // Most browsers have kept it by themselves, but not at the very top. A scroll of ours would break off theirs.
  const moved = anchor.getBoundingClientRect().top - before;
  if (Math.abs(moved) > 2) scrollBy({ top: moved, behavior: "instant" });
}

/** Whether another page may be loaded because the user scrolls. */
export const hasRoom = (gallery) => gallery.querySelectorAll("[data-tile]").length < MOST_WITHOUT_REMOVAL;

const isHeld = () => holds > 0 || Boolean(document.querySelector("[data-viewer]"));
const part = (selector) => document.querySelector("[data-page-links]").content.querySelector(selector).cloneNode(true);

/** Removes pages far above the window. */
export function trimAbove(gallery) {
  const tiles = tilesOf(gallery);
  if (tiles.length <= MOST || isHeld()) return;
  const last = tiles.length - MOST;
  const at = tiles.findLastIndex(
    (tile, index) => index <= last && tile.dataset.pagePrev && tile.getBoundingClientRect().bottom < -FAR,
  );
  const removed = tiles.slice(0, Math.max(at, 0));
  if (!removed.length || removed.some(isSelected)) return;
  const { pageOffset, pagePrev } = tiles[at].dataset;
  const isBefore = (node) => node.compareDocumentPosition(tiles[at]) & Node.DOCUMENT_POSITION_FOLLOWING;
  const month = [...gallery.querySelectorAll("[data-month]")].findLast(isBefore);
  keepingPlace(gallery, () => {
    remove(gallery, removed);
    // The month of the first tile that stays may have begun above it.
    if (month && !month.isConnected) gallery.prepend(month);
    if (!document.querySelector("[data-pages-above]")) gallery.before(part("[data-pages-above]"));
    document.querySelector('[data-pages-above] a[rel="prev"]').setAttribute("href", pagePrev);
  });
  gallery.dataset.offset = pageOffset;
}

/** Removes pages far below the window. */
export function trimBelow(gallery) {
  const tiles = tilesOf(gallery);
  if (tiles.length <= MOST || isHeld()) return;
  const at = tiles.findIndex(
    (tile, index) => index >= MOST && "pageOffset" in tile.dataset && tile.getBoundingClientRect().top > innerHeight + FAR,
  );
  const removed = at < 0 ? [] : tiles.slice(at);
  if (!removed.length || removed.some(isSelected)) return;
  const next = tiles[at - 1].dataset.pageNext;
  remove(gallery, removed);
  const bar = document.querySelector("[data-pages]");
  if (!bar.querySelector('a[rel="next"]')) bar.append(part('a[rel="next"]'));
  bar.querySelector('a[rel="next"]').setAttribute("href", next);
}
