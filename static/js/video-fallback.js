// Videos and audio: shows a message if this browser cannot play a file, and plays only one at a time.
export function startVideoFallback() {
  // Media events do not bubble, so they are handled in the capture phase.
  document.addEventListener(
    "error",
    (event) => {
      if (!event.target.matches?.("[data-film]")) return;
      const words = event.target.parentElement.querySelector("[data-unplayable]");
      if (words) words.hidden = false;
    },
    true,
  );
  document.addEventListener(
    "loadedmetadata",
    (event) => {
      // A video whose codec is unknown has no size: only its sound would be played.
      const film = event.target;
      if (!film.matches?.("video[data-film]") || film.videoWidth > 0) return;
      const words = film.parentElement.querySelector("[data-unplayable]");
      if (words) words.hidden = false;
    },
    true,
  );
  document.addEventListener(
    "play",
    (event) => {
      // The silent video of a moving photo.
      if (event.target.dataset.motionVideo !== undefined) return;
      for (const other of document.querySelectorAll("video, audio")) if (other !== event.target) other.pause();
    },
    true,
  );
}
