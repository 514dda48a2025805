// The viewer: PhotoSwipe over the photos and videos of a list. It loads the pages of the list before and after, and its
// address is that of the photo.
import PhotoSwipe from "../vendor/photoswipe.js";
import { libraryAddress, mayDo } from "./urls.js";
import { fetchPage } from "./fetch-page.js";
import { toggleStar } from "./favorites.js";
import { askForMore, loadRest } from "./infinite-scroll.js";
import { showToast } from "./toasts.js";
import { stopMotion, toggleMotion } from "./motion.js";
import { t } from "./words.js";

const base = new URL("..", import.meta.url);

function style() {
  const href = new URL("vendor/photoswipe.css", base).href;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((done) => {
    link.onload = done;
    link.onerror = done;
    document.head.append(link);
  });
}

const icon = (name) =>
  `<svg class="i" aria-hidden="true" focusable="false">
    <use href="${new URL("vendor/icons.svg", base).pathname}#${name}"/></svg>`;

function slide(link) {
  const { view, name, taken, width, height, small, large, original, owner } = link.dataset;
  const id = link.dataset.id ?? link.closest("[data-tile]").dataset.tile;
  const motion = link.closest("[data-motion]")?.dataset.motion;
  // What belongs to another user has a page of its own, and a file only if it may be downloaded.
  const page = owner ? (link.dataset.page ?? link.getAttribute("href")) : libraryAddress(`/items/${id}`);
  const file = owner ? link.dataset.file : libraryAddress(`/media/${id}`);
  const shared = { element: link, alt: name, name, taken, id, original, motion, owner, page, file };
  if (view === "video") return { ...shared, type: "film", poster: large };
  const [w, h] = [Number(width), Number(height)];
  const most = Math.min(1, 1280 / Math.max(w, h));
  // The original, if the browser can display it; loaded when the user zooms in.
  const srcset = original ? `${large} ${Math.round(w * most)}w, ${original} ${w}w` : undefined;
  const [fullWidth, fullHeight] = original ? [w, h] : [Math.round(w * most), Math.round(h * most)];
  return { ...shared, src: large, srcset, msrc: small, width: fullWidth, height: fullHeight };
}

function film(data) {
  const box = document.createElement("div");
  box.className = "pswp__film";
  const words = Object.assign(document.createElement("p"), {
    className: "note",
    textContent: t("This video can't play in your browser. Download it to watch."),
  });
  if (data.original) {
    const video = Object.assign(document.createElement("video"), {
      controls: true,
      preload: "metadata",
      src: data.original,
      poster: data.poster,
    });
    video.setAttribute("aria-label", data.name);
    video.dataset.film = "";
    words.dataset.unplayable = "";
    words.hidden = true;
    box.append(video, words);
  } else {
    box.append(Object.assign(document.createElement("img"), { src: data.poster, alt: data.name }), words);
  }
  return box;
}

let isOpen = false;

/** Milliseconds for which a slide of a slideshow is shown, and after which the bar fades. */
const SLIDESHOW = 5000;
const IDLE = 2500;
/** Pages of the list that are loaded to reach its end. */
const MOST_PAGES = 40;

async function post(path) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch(libraryAddress(path), {
    method: "POST",
    headers: { "X-CSRF-Token": token },
    redirect: "manual",
  });
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(String(answer.status));
}

/** Sends a form for one item, as the selection bar does. */
function submit(path, id) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: libraryAddress(path) });
  form.dataset.turbo = "false";
  const token = document.querySelector('meta[name="csrf-token"]').content;
  for (const [name, value] of [
    ["csrf_token", token],
    ["ids", id],
  ])
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.submit();
}

/** Offers the file to other apps of the device. */
async function share({ file, name, page }) {
  try {
    const answer = await fetch(file);
    const blob = await answer.blob();
    const files = [new File([blob], name, { type: blob.type })];
    if (navigator.canShare?.({ files })) await navigator.share({ files, title: name });
    else await navigator.share({ title: name, url: new URL(page, location.href).href });
  } catch (error) {
    if (error.name !== "AbortError") showToast(t("This could not be shared."));
  }
}

export async function openViewer(link) {
  // A second click while the viewer opens does nothing.
  if (isOpen) return;
  isOpen = true;
  await style();
  const gallery = link.closest("[data-gallery]");
  const links = gallery ? [...gallery.querySelectorAll('[data-view="photo"], [data-view="video"]')] : [link];
  const slides = links.map(slide);
  const viewer = new PhotoSwipe({
    dataSource: slides,
    index: links.indexOf(link),
    bgOpacity: 1,
    wheelToZoom: true,
    loop: false,
    returnFocus: false,
    trapFocus: true,
    showHideAnimationType: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "zoom",
    showAnimationDuration: 150,
    hideAnimationDuration: 150,
    closeTitle: t("Close (Esc)"),
    zoomTitle: t("Zoom (z)"),
    arrowPrevTitle: t("Previous"),
    arrowNextTitle: t("Next"),
    errorMsg: t("This photo could not be loaded."),
  });
  viewer.addFilter("thumbEl", (thumb, data) => data.element?.querySelector("img") ?? thumb);
  viewer.on("contentLoad", (event) => {
    if (event.content.data.type !== "film") return;
    event.preventDefault();
    event.content.element = film(event.content.data);
  });
  viewer.on("contentDeactivate", ({ content }) => {
    content.element?.querySelector?.("video")?.pause();
    if (content.slide?.container) stopMotion(content.slide.container);
  });
  // The second click of a double click must not close the viewer.
  const opened = performance.now();
  for (const action of ["imageClickAction", "bgClickAction", "tapAction", "doubleTapAction"]) {
    viewer.on(action, (event) => {
      if (performance.now() - opened < 500) event.preventDefault();
    });
  }
  // Dragging the controls of a video must not move the slide.
  viewer.on("pointerDown", (event) => {
    if (event.originalEvent.target.closest("video")) event.preventDefault();
  });

  const current = () => slides[viewer.currIndex];
  const inList = Boolean(links[0].closest("[data-tile]"));
  const isTrash = Boolean(document.querySelector('[data-selection] [formaction$="/items/restore"]'));
  // Of files that wait to be accepted, nothing else can be done.
  const isReceived = Boolean(document.querySelector('[data-selection] [formaction$="/received/accept"]'));
  const offset = () => Number(gallery?.dataset.offset ?? 0);
  // The list may contain files that are no photos or videos, and grows while it is open.
  const total = () => Math.max(Number(gallery?.dataset.total ?? 0), slides.length);

  /** Takes an item out of the list, and shows the next one. */
  const remove = (id, text, undo) => {
    const index = slides.findIndex((one) => one.id === id);
    if (index < 0) return;
    slides[index].element.closest("[data-tile]")?.remove();
    slides.splice(index, 1);
    if (gallery?.dataset.total) gallery.dataset.total = String(total() - 1);
    message(text, undo);
    if (!slides.length) {
      viewer.close();
      return;
    }
    const next = Math.min(index, slides.length - 1);
    viewer.options.dataSource = slides;
    viewer.goTo(next);
    for (const around of [next - 1, next, next + 1]) if (slides[around]) viewer.refreshSlideContent(around);
    viewer.dispatch("change");
  };

  const message = (text, undo) => {
    if (!undo) return showToast(text);
    const restore = async (toast) => {
      toast.remove();
      try {
        await post(undo);
        showToast(t("Restored. It is in its place after a reload."));
      } catch {
        showToast(t("That could not be undone."));
      }
    };
    showToast(text, { label: t("Undo"), run: restore });
  };

  const act = async (path, text, undo) => {
    const { id } = current();
    try {
      await post(path(id));
      remove(id, text, undo?.(id));
    } catch {
      showToast(t("That did not work. Try again."));
    }
  };

  // The panel shows the details of the item's page.
  let panel = null;
  const fillPanel = async () => {
    if (!panel) return;
    const { id, page: href } = current();
    panel.replaceChildren(Object.assign(document.createElement("p"), { className: "meta", textContent: t("Loading…") }));
    try {
      const page = await fetchPage(href);
      if (!panel || current()?.id !== id) return;
      const heading = Object.assign(document.createElement("h2"), { textContent: t("Details") });
      const link = Object.assign(document.createElement("a"), {
        href,
        className: "btn",
        textContent: current().owner || !mayDo("edit") ? t("Open page") : t("Open page to edit"),
      });
      const close = Object.assign(document.createElement("button"), {
        type: "button",
        className: "btn small quiet pswp__details-close",
        ariaLabel: t("Close details"),
        innerHTML: icon("x"),
      });
      close.addEventListener("click", closePanel);
      panel.replaceChildren(heading, close, page.querySelector('[aria-labelledby="about"] .facts'), link);
    } catch {
      panel?.replaceChildren(
        Object.assign(document.createElement("p"), { textContent: t("The details could not be loaded.") }),
      );
    }
  };
  const closePanel = () => {
    panel?.remove();
    panel = null;
    const details = viewer.element?.querySelector('[data-name="details"]');
    details?.setAttribute("aria-pressed", "false");
    details?.focus();
  };
  const togglePanel = (event, element) => {
    if (panel) {
      closePanel();
    } else {
      panel = Object.assign(document.createElement("aside"), { className: "pswp__details", ariaLabel: t("Details") });
      viewer.element.append(panel);
      fillPanel();
    }
    element.setAttribute("aria-pressed", String(Boolean(panel)));
  };

  let slideshow = 0;
  const stopSlideshow = () => {
    clearInterval(slideshow);
    slideshow = 0;
    viewer.element?.querySelector('[data-name="slideshow"]')?.setAttribute("aria-pressed", "false");
  };
  const toggleSlideshow = (event, element) => {
    if (slideshow) {
      stopSlideshow();
      return;
    }
    element.setAttribute("aria-pressed", "true");
    slideshow = setInterval(() => {
      if (viewer.currIndex >= slides.length - 1) stopSlideshow();
      else viewer.next();
    }, SLIDESHOW);
  };

  viewer.on("uiRegister", () => {
    const button = (name, order, title, symbol, onClick, tagName = "button") =>
      viewer.ui.registerElement({
        name,
        order,
        title,
        ariaLabel: title,
        tagName,
        isButton: false,
        appendTo: "bar",
        className: "pswp__nexus",
        html: icon(symbol),
        onClick,
        onInit: (element) => {
          if (tagName === "button") element.type = "button";
          element.title = title;
          element.dataset.name = name;
          element.setAttribute("aria-label", title);
          const fill = () => {
            const data = current();
            if (!data) return;
            if (name === "star") {
              const star = document.querySelector(`[data-star="${CSS.escape(data.id)}"]`);
              element.hidden = !star;
              element.setAttribute("aria-pressed", star?.getAttribute("aria-pressed") ?? "false");
            }
            if (name === "motion") {
              element.hidden = !data.motion;
              element.setAttribute("aria-pressed", "false");
            }
            if (name === "save") {
              element.hidden = !data.file;
              element.href = `${data.file}?download=1`;
              element.dataset.turbo = "false";
            }
            if (name === "share") element.hidden = !data.file;
            // Only what belongs to the user can be put anywhere else.
            if (["album", "move", "trash"].includes(name)) element.hidden = Boolean(data.owner);
          };
          viewer.on("change", fill);
          fill();
        },
      });
    viewer.ui.registerElement({
      name: "name",
      order: 6,
      isButton: false,
      appendTo: "bar",
      className: "pswp__name",
      onInit: (element) => {
        const [date, name] = ["b", "span"].map((tag) => element.appendChild(document.createElement(tag)));
        viewer.on("change", () => {
          const data = current();
          if (!data) return;
          date.textContent = data.taken || data.name;
          name.textContent = data.taken ? data.name : "";
        });
      },
    });
    viewer.ui.registerElement({
      name: "place",
      order: 5,
      isButton: false,
      appendTo: "bar",
      className: "pswp__place",
      onInit: (element) => {
        viewer.on("change", () => {
          element.textContent = inList ? t("{place} of {total}", { place: offset() + viewer.currIndex + 1, total: total() }) : "";
        });
      },
    });
    const star = async (event, element) => {
      const known = document.querySelector(`[data-star="${CSS.escape(current().id)}"]`);
      if (!known) return;
      const kept = toggleStar(known);
      element.setAttribute("aria-pressed", known.getAttribute("aria-pressed"));
      await kept;
      element.setAttribute("aria-pressed", known.getAttribute("aria-pressed"));
    };
    button("motion", 7, t("Play motion"), "circle-play", (event, element) => {
      const box = viewer.currSlide.container;
      toggleMotion(box, current().motion, element);
      const [video, image] = [box.querySelector("[data-motion-video]"), viewer.currSlide.content.element];
      if (!video) return;
      // The picture is placed and scaled inside of the same box.
      for (const side of ["width", "height"]) video.style[side] = image.style[side];
    });
    if (inList && !isTrash && !isReceived && mayDo("edit")) button("star", 8, t("Favorite"), "star", star);
    if (navigator.share && !isTrash) button("share", 9, t("Share"), "share-2", () => share(current()));
    button("save", 10, t("Download"), "download", () => {}, "a");
    if (inList && isTrash)
      button("restore", 11, t("Restore"), "undo-2", () => act((id) => `/items/${id}/restore`, t("Restored")));
    if (inList && isReceived)
      button("accept", 11, t("Accept"), "check", () => act((id) => `/items/${id}/accept`, t("Accepted")));
    if (inList && !isTrash && !isReceived && mayDo("edit")) {
      button("album", 11, t("Add to album"), "images", () => submit("/items/album", current().id));
      button("move", 11, t("Move"), "folder-input", () => submit("/items/move", current().id));
    }
    if (inList && !isTrash && mayDo("edit"))
      button("trash", 12, t("Move to trash"), "trash-2", () =>
        act(
          (id) => `/items/${id}/trash`,
          t("Moved to trash"),
          (id) => `/items/${id}/restore`,
        ),
      );
    button("details", 13, t("Details"), "info", togglePanel);
    if (inList) button("slideshow", 14, t("Slideshow"), "presentation", toggleSlideshow);
    // Only on phones, where the others do not fit into one row.
    button("more", 15, t("More"), "ellipsis", (event, element) => {
      const isOpened = element.parentElement.classList.toggle("with-more");
      element.setAttribute("aria-expanded", String(isOpened));
    });
  });
  viewer.on("afterInit", () => {
    const buttons = [...viewer.element.querySelectorAll(".pswp__top-bar > .pswp__nexus")];
    const box = Object.assign(document.createElement("div"), { className: "pswp__actions" });
    buttons[0]?.before(box);
    box.append(...buttons);
    buttons.at(-1)?.setAttribute("aria-expanded", "false");
  });
  // Beside an open panel, a tap on the photo closes the panel.
  for (const action of ["imageClickAction", "bgClickAction", "tapAction"]) {
    viewer.on(action, (event) => {
      if (!panel) return;
      event.preventDefault();
      closePanel();
    });
  }
  viewer.on("change", fillPanel);
  viewer.on("pointerDown", stopSlideshow);

  // The bar fades while nothing moves.
  let idle = 0;
  const wake = () => {
    viewer.element?.classList.remove("pswp--idle");
    clearTimeout(idle);
    idle = setTimeout(() => {
      const isBusy = viewer.element?.querySelector(".pswp__top-bar")?.contains(document.activeElement);
      if (!isBusy) viewer.element?.classList.add("pswp--idle");
    }, IDLE);
  };
  viewer.on("keydown", (said) => {
    const event = said.originalEvent;
    wake();
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const film = viewer.currSlide.content.element?.querySelector?.("video");
    // In the controls of a video, keys belong to the video.
    if (film && event.target === film && event.key.startsWith("Arrow")) {
      said.preventDefault();
      return;
    }
    if (event.key === " " && film && event.target !== film && !event.target.closest("button, a")) {
      event.preventDefault();
      if (film.paused) film.play().catch(() => {});
      else film.pause();
      return;
    }
    const press = (name) => {
      const button = viewer.element.querySelector(`.pswp__button--${name}, .pswp__nexus[aria-label="${name}"]`);
      if (!button?.hidden) button?.click();
    };
    switch (event.key) {
      case "Home":
        event.preventDefault();
        goToEdge("above");
        break;
      case "End":
        event.preventDefault();
        goToEdge("below");
        break;
      case "f":
        press(t("Favorite"));
        break;
      case "i":
        press(t("Details"));
        break;
      case "m":
        press(t("Move"));
        break;
      case "r":
        press(t("Restore"));
        break;
      case "s":
        press(t("Slideshow"));
        break;
      case "Delete":
        press(t("Move to trash"));
        break;
      default:
    }
  });
  viewer.on("afterInit", () => {
    viewer.element.setAttribute("aria-modal", "true");
    viewer.element.setAttribute("aria-label", t("Viewer"));
    // Messages are read and used inside of the dialog.
    const toasts = document.querySelector("[data-toasts]");
    if (toasts) viewer.element.append(toasts);
    viewer.element.setAttribute("data-viewer", "");
    for (const moved of ["pointermove", "pointerdown", "focusin"]) viewer.element.addEventListener(moved, wake);
    wake();
    viewer.element.focus({ preventScroll: true });
  });
  viewer.on("change", () => {
    const live = document.getElementById("live");
    const data = current();
    if (live && data)
      live.textContent = [data.taken, data.name, t("{place} of {total}", { place: offset() + viewer.currIndex + 1, total: total() })]
        .filter(Boolean)
        .join(", ");
  });
  // Keys are handled from here on.
  viewer.on("openingAnimationEnd", () => viewer.element.setAttribute("data-viewer", "open"));
  // The Back button of a phone closes the viewer, not the page.
  let isBack = false;
  let isGone = false;
  let isLeaving = false;
  // An entry without Turbo's state does not start a visit.
  const marked = history.state;
  const popped = () => {
    history.replaceState(marked, "");
    if (isGone) return;
    if (location.href !== closedAt) history.replaceState(marked, "", closedAt);
    isBack = true;
    viewer.close();
  };
  history.replaceState({}, "");
  // Photos of the timeline have an address of their own.
  const place = (id) => {
    const here = new URL(location.href);
    if (!gallery?.matches("div") || !here.pathname.endsWith("/photos")) return undefined;
    for (const name of ["cursor", "before", "at"]) here.searchParams.delete(name);
    here.searchParams.set("view", id);
    return here;
  };
  const closedAt = location.href;
  history.pushState({ viewer: true }, "", place(current()?.id ?? links[links.indexOf(link)].closest("[data-tile]")?.dataset.tile));
  viewer.on("change", () => {
    const at = current() && place(current().id);
    if (at && history.state?.viewer) history.replaceState({ viewer: true }, "", at);
  });
  addEventListener("popstate", popped, { once: true });
  const leave = () => {
    isLeaving = true;
    viewer.destroy();
  };
  document.addEventListener("turbo:before-visit", leave, { once: true });
  // The viewer holds the focus until its closing animation has ended.
  viewer.on("destroy", () => {
    isOpen = false;
    isGone = true;
    const toasts = viewer.element?.querySelector("[data-toasts]");
    if (toasts) document.body.append(toasts);
    stopSlideshow();
    clearTimeout(idle);
    document.removeEventListener("turbo:before-visit", leave);
    document.removeEventListener("nexus:more", grow);
    if (isLeaving) {
      removeEventListener("popstate", popped);
      history.replaceState(marked, "");
      return;
    }
    if (!isBack && history.state?.viewer) history.back();
    if (!current()) return;
    const { element, id } = current();
    const back = element.isConnected ? element : document.querySelector(`[data-tile="${CSS.escape(id)}"] .tile-link`);
    setTimeout(() => {
      back?.focus({ preventScroll: true });
      back?.scrollIntoView({ block: "nearest" });
    });
  });
  // Near an end, loads the page of the list before or after.
  const grow = () => {
    if (!gallery) return;
    const known = new Set(slides.map((one) => one.id));
    const all = [...gallery.querySelectorAll('[data-view="photo"], [data-view="video"]')].map(slide);
    const first = all.findIndex((one) => known.has(one.id));
    const above = all.slice(0, Math.max(first, 0)).filter((one) => !known.has(one.id));
    const shown = current();
    slides.unshift(...above);
    for (const one of all) if (!known.has(one.id) && !above.includes(one)) slides.push(one);
    viewer.options.dataSource = slides;
    if (above.length) {
      // The same photo has another number now.
      viewer.currIndex = slides.indexOf(shown);
      viewer.potentialIndex = viewer.currIndex;
      viewer.mainScroll.itemHolders.forEach((holder, index) => {
        viewer.setContent(holder, viewer.currIndex - 1 + index, true);
      });
    }
    viewer.dispatch("change");
  };
  document.addEventListener("nexus:more", grow);
  viewer.on("change", () => {
    if (viewer.currIndex >= slides.length - 3) askForMore("below");
    if (viewer.currIndex <= 2) askForMore("above");
  });

  // The first or last photo may be on a page of the list that has not been loaded.
  const goToEdge = async (side) => {
    await loadRest(side, MOST_PAGES, () => !isGone);
    if (!isGone) viewer.goTo(side === "above" ? 0 : slides.length - 1);
  };
  viewer.init();
}
