// Track lists: rows that play. The player is loaded with the first track.
import { storageKey } from "./urls.js";

let player = null;

const song = (row) => ({
  id: row.dataset.tile,
  src: row.dataset.src,
  page: row.dataset.page,
  title: row.dataset.title,
  artist: row.dataset.artist,
  album: row.dataset.album,
  cover: row.dataset.cover ?? "",
});
const rows = () => [...document.querySelectorAll("[data-song]")];
const load = async () => {
  player ??= await import("./player.js");
  return player;
};

async function play(row) {
  const all = rows();
  (await load()).play(all.map(song), Math.max(all.indexOf(row), 0));
}

/** Handles the keys of the player; returns whether the key was one. */
export function handlePlayerKey(event) {
  if (event.key === "Enter" && !event.target.closest("a, button")) return false;
  const bar = document.querySelector("[data-player]:not([hidden])");
  const onSong = event.target.closest("[data-song] .tile-link");
  if (event.key === " " && bar && (onSong || !event.target.closest("button, a, summary, input"))) {
    player?.toggle();
    return true;
  }
  // On a tile, Shift with an arrow key selects.
  if (event.target.closest("[data-grid] [data-tile]:not([data-song])")) return false;
  if (event.shiftKey && bar && event.key === "ArrowRight") {
    player?.next();
    return true;
  }
  if (event.shiftKey && bar && event.key === "ArrowLeft") {
    player?.previous();
    return true;
  }
  return false;
}

export function startTrackList() {
  document.addEventListener("click", async (event) => {
    const row = event.target.closest("[data-song]");
    if (event.target.closest("[data-play]") && row) {
      if (row.hasAttribute("data-playing")) (await load()).toggle();
      else await play(row);
    } else if (event.target.closest("[data-enqueue]") && row) {
      (await load()).enqueue(song(row));
    } else if (event.target.closest("[data-play-all]")) {
      await play(rows()[0]);
    }
  });
  document.addEventListener("keydown", (event) => {
    // Enter on a track's title plays it.
    const row = event.target.closest?.("[data-song]");
    if (
      event.key === "Enter" &&
      row &&
      event.target.matches("[data-songs] .tile-link") &&
      document.body.hasAttribute("data-keys") &&
      !event.ctrlKey &&
      !event.metaKey
    ) {
      event.preventDefault();
      play(row);
    }
  });
  document.addEventListener("nexus:more", refreshTrackList);
}

export function refreshTrackList() {
  for (const button of document.querySelectorAll("[data-play], [data-enqueue], [data-play-all]")) button.hidden = false;
  // The player plays it and continues with the following tracks.
  for (const native of document.querySelectorAll("[data-native]")) native.remove();
  const kept = sessionStorage.getItem(storageKey("nexus-player"));
  if (player) player.mark();
  else if (kept) load().then((loaded) => loaded.restore());
}
