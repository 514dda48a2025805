// Films and recordings: says in plain words when this browser cannot play one, and keeps two from playing at once.
export function startFilms() {
  // Media events do not bubble; they can be caught on their way down.
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
      // A film whose picture is not understood has none: it would play as sound alone.
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
      for (const other of document.querySelectorAll("video, audio")) if (other !== event.target) other.pause();
    },
    true,
  );
}
