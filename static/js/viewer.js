// The viewer: PhotoSwipe over the photos and videos of the page, with name, star, and links to the item and the file.
import PhotoSwipe from "../vendor/photoswipe.js";
import { address } from "./urls.js";
import { toggleStar } from "./favorites.js";
import { stopMotion, toggleMotion } from "./motion.js";

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
  const { view, name, width, height, small, large, original } = link.dataset;
  const id = link.dataset.id ?? link.closest("[data-tile]").dataset.tile;
  const motion = link.closest("[data-motion]")?.dataset.motion;
  const shared = { element: link, alt: name, name, id, original, motion };
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
    textContent: "This browser cannot play this film. Download it to watch it with another program.",
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
    bgOpacity: 0.96,
    wheelToZoom: true,
    loop: false,
    returnFocus: false,
    trapFocus: true,
    showHideAnimationType: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "zoom",
    showAnimationDuration: 150,
    hideAnimationDuration: 150,
    closeTitle: "Close (Esc)",
    zoomTitle: "Zoom (z)",
    arrowPrevTitle: "Previous",
    arrowNextTitle: "Next",
    errorMsg: "This picture could not be loaded.",
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
            if (name === "star") {
              const star = document.querySelector(`[data-star="${CSS.escape(data.id)}"]`);
              element.hidden = !star;
              element.setAttribute("aria-pressed", star?.getAttribute("aria-pressed") ?? "false");
            }
            if (name === "motion") {
              element.hidden = !data.motion;
              element.setAttribute("aria-pressed", "false");
            }
            if (name === "page") element.href = address(`/items/${data.id}`);
            if (name === "save") {
              element.href = address(`/media/${data.id}?download=1`);
              element.dataset.turbo = "false";
            }
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
        viewer.on("change", () => {
          element.textContent = current().name;
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
    if (links[0].closest("[data-tile]")) {
      button("star", 7, "Star", "star", star);
      button("page", 8, "About this", "info", () => {}, "a");
    }
    button("motion", 7, "Play motion", "circle-play", (event, element) => {
      const box = viewer.currSlide.container;
      toggleMotion(box, current().motion, element);
      const [video, image] = [box.querySelector("[data-motion-video]"), viewer.currSlide.content.element];
      if (!video) return;
      // The picture is placed and scaled inside of the same box.
      for (const side of ["width", "height"]) video.style[side] = image.style[side];
    });
    button("save", 9, "Download", "download", () => {}, "a");
  });
  viewer.on("keydown", (said) => {
    const event = said.originalEvent;
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
    const press = (name) =>
      viewer.element.querySelector(`.pswp__button--${name}, .pswp__nexus[aria-label="${name}"]`)?.click();
    switch (event.key) {
      case "Home":
        event.preventDefault();
        viewer.goTo(0);
        break;
      case "End":
        event.preventDefault();
        viewer.goTo(slides.length - 1);
        break;
      case "f":
        press("Star");
        break;
      case "i":
        press("About this");
        break;
      default:
    }
  });
  viewer.on("afterInit", () => {
    viewer.element.setAttribute("aria-modal", "true");
    viewer.element.setAttribute("aria-label", "Viewer");
    viewer.element.setAttribute("data-viewer", "");
    viewer.element.focus({ preventScroll: true });
  });
  viewer.on("change", () => {
    const live = document.getElementById("live");
    if (live) live.textContent = `${current().name}, ${viewer.currIndex + 1} of ${slides.length}`;
  });
  // The Back button of a phone closes the viewer, not the page.
  let isBack = false;
  let isGone = false;
  let isLeaving = false;
  // An entry without Turbo's state does not start a visit.
  const marked = history.state;
  const popped = () => {
    history.replaceState(marked, "");
    if (isGone) return;
    isBack = true;
    viewer.close();
  };
  history.replaceState({}, "");
  history.pushState({ viewer: true }, "");
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
    document.removeEventListener("turbo:before-visit", leave);
    document.removeEventListener("nexus:more", grow);
    if (isLeaving) {
      removeEventListener("popstate", popped);
      history.replaceState(marked, "");
      return;
    }
    if (!isBack && history.state?.viewer) history.back();
    const { element, id } = current();
    const back = element.isConnected ? element : document.querySelector(`[data-tile="${CSS.escape(id)}"] .tile-link`);
    setTimeout(() => {
      back?.focus({ preventScroll: true });
      back?.scrollIntoView({ block: "nearest" });
    });
  });
  // Near the end, loads the next page with its photos.
  const grow = () => {
    if (!gallery) return;
    const known = new Set(slides.map((one) => one.id));
    for (const more of gallery.querySelectorAll('[data-view="photo"], [data-view="video"]')) {
      const one = slide(more);
      if (!known.has(one.id)) slides.push(one);
    }
    viewer.options.dataSource = slides;
    viewer.dispatch("change");
  };
  document.addEventListener("nexus:more", grow);
  viewer.on("change", () => {
    if (viewer.currIndex >= slides.length - 3) document.dispatchEvent(new CustomEvent("nexus:want-more"));
  });
  viewer.init();
}
