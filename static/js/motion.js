// Moving photos: the video plays over a tile while the mouse rests on it, and over a large picture by a button.

// As long as the mouse has to rest, so that crossing the grid plays nothing.
const REST = 250;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// Shows the video in `box`, over its picture. It is removed at its end, or when it cannot be played.
function playOver(box, href, onEnd) {
  const video = Object.assign(document.createElement("video"), {
    muted: true,
    playsInline: true,
    src: href,
    className: "motion",
  });
  video.dataset.motionVideo = "";
  video.setAttribute("aria-hidden", "true");
  const end = () => {
    video.remove();
    onEnd?.();
  };
  video.addEventListener("ended", end);
  video.addEventListener("error", end);
  box.append(video);
  video.play().catch(end);
}

export function stopMotion(box) {
  box.querySelector("[data-motion-video]")?.remove();
}

// Plays or stops, and keeps the button's state.
export function toggleMotion(box, href, button) {
  if (box.querySelector("[data-motion-video]")) {
    stopMotion(box);
    button.setAttribute("aria-pressed", "false");
    return;
  }
  button.setAttribute("aria-pressed", "true");
  playOver(box, href, () => button.setAttribute("aria-pressed", "false"));
}

export function startMotion() {
  let timer;
  document.addEventListener("pointerover", (event) => {
    const tile = event.target.closest?.("[data-motion]");
    if (!tile || event.pointerType !== "mouse" || tile.contains(event.relatedTarget)) return;
    if (calm.matches || navigator.connection?.saveData) return;
    clearTimeout(timer);
    const box = tile.querySelector(".tile-link") ?? tile;
    timer = setTimeout(() => playOver(box, tile.dataset.motion), REST);
  });
  document.addEventListener("pointerout", (event) => {
    const tile = event.target.closest?.("[data-motion]");
    if (!tile || tile.contains(event.relatedTarget)) return;
    clearTimeout(timer);
    stopMotion(tile);
  });
  // Without this script, the link opens the video.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-play-motion]");
    const box = document.querySelector(".stage-picture");
    if (!link || !box || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    toggleMotion(box, link.href, link);
  });
}
