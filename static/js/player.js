// The player: a bar that stays while pages change, a queue, keyboard shortcuts and media keys.
import { address, storageKey } from "./urls.js";
import { AudioDeck } from "./player-audio.js";
import { drawQueue } from "./player-queue.js";
import { showToast } from "./toasts.js";
import { t } from "./words.js";

const KEPT = storageKey("nexus-player");
/** The volume of this device. */
const VOLUME = storageKey("nexus-volume");
const bar = () => document.getElementById("player");
/** Seconds before the end at which the next song is loaded. */
const PREPARE = 20;
const deck = new AudioDeck({
  play: () => {
    for (const other of document.querySelectorAll("video, audio")) other.pause();
    refresh();
  },
  pause: () => {
    if (queue.length) {
      refresh();
      keep();
    }
  },
  ended: () => (repeats === "one" ? start(at) : next()),
  error: () => {
    if (queue.length && audio().error) {
      showToast(t("“{title}” could not be played.", queue[at]));
      if (at + 1 < queue.length) start(at + 1);
    }
  },
  timeupdate: showTime,
  durationchange: () => {
    if (!queue.length || !bar()?.childElementCount) return;
    part("length").textContent = clock(audio().duration);
    part("seek").max = String(Number.isFinite(audio().duration) ? Math.floor(audio().duration) : 0);
  },
});
const audio = () => deck.element;
let queue = [];
let at = 0;
/** What follows the last song: nothing, the first one, or the same one again and again. */
let repeats = "none";
/** The songs in their former order while they are shuffled. */
let ordered = null;

const icons = () => bar().dataset.icons;
const icon = (name) => `<svg class="i" aria-hidden="true" focusable="false"><use href="${icons()}#${name}"/></svg>`;
const clock = (seconds) =>
  Number.isFinite(seconds)
    ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
    : "–:––";
const part = (name) => bar().querySelector(`[data-part="${name}"]`);
const person = () => document.body.dataset.person;

function build() {
  const place = bar();
  if (place.childElementCount) return;
  const button = (name, label, symbol, extra = "") =>
    `<button type="button" data-part="${name}" aria-label="${label}" title="${label}" ${extra}>
      ${icon(symbol)}</button>`;
  place.innerHTML = `
    <div class="player-now">
      <span class="cover" data-part="cover"></span>
      <span class="player-words">
        <a data-part="title" href="${address("/audios")}"></a>
        <span class="meta" data-part="artist"></span>
      </span>
    </div>
    <div class="player-line">
      <span data-part="now">0:00</span>
      <input type="range" data-part="seek" min="0" max="0" value="0" step="1" aria-label="${t("Position")}">
      <span data-part="length">0:00</span>
    </div>
    <div class="player-buttons">
      ${button("previous", t("Previous song"), "skip-back")}
      ${button("toggle", t("Play"), "play")}
      ${button("next", t("Next song"), "skip-forward")}
      ${button("shuffle", t("Shuffle"), "shuffle", 'class="wide-button" aria-pressed="false"')}
      ${button("repeat", t("Repeat"), "repeat", 'class="wide-button" aria-pressed="false"')}
      <input type="range" class="player-volume" data-part="volume" min="0" max="1" step="0.05" value="1"
        aria-label="${t("Volume")}">
      ${button("expand", t("Now playing"), "chevron-up", 'class="narrow-button" aria-expanded="false"')}
      ${button("list", t("Queue"), "list-music", 'aria-expanded="false" aria-controls="player-queue"')}
      ${button("close", t("Close player"), "x")}
    </div>
    <div class="player-queue" id="player-queue" data-part="queue" hidden>
      <h2>${t("Queue")}</h2>
      <ol data-part="songs"></ol>
    </div>`;
  part("previous").onclick = previous;
  part("toggle").onclick = toggle;
  part("next").onclick = next;
  part("close").onclick = close;
  part("repeat").onclick = () => {
    repeats = { none: "all", all: "one", one: "none" }[repeats];
    showRepeat();
    keep();
  };
  part("shuffle").onclick = shuffle;
  part("seek").oninput = () => {
    audio().currentTime = Number(part("seek").value);
  };
  try {
    audio().volume = Number(localStorage.getItem(VOLUME) ?? 1);
  } catch {
    /* A browser that keeps nothing begins with the full volume. */
  }
  part("volume").value = String(audio().volume);
  part("volume").oninput = () => {
    audio().volume = Number(part("volume").value);
    try {
      localStorage.setItem(VOLUME, part("volume").value);
    } catch {
      /* A browser that keeps nothing begins with the full volume. */
    }
  };
  part("expand").onclick = () => showFull(!bar().classList.contains("is-full"));
  part("cover").onclick = () => matchMedia("(max-width: 959px)").matches && showFull(true);
  part("list").onclick = () => showQueue(part("queue").hidden);
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!part("queue").hidden) {
      event.stopPropagation();
      showQueue(false);
      part("list").focus();
    } else if (bar().classList.contains("is-full")) {
      event.stopPropagation();
      showFull(false);
      part("expand").focus();
    }
  });
}

function showRepeat() {
  const label = { none: t("Repeat"), all: t("Repeat all"), one: t("Repeat one") }[repeats];
  part("repeat").innerHTML = icon(repeats === "one" ? "repeat-1" : "repeat");
  part("repeat").setAttribute("aria-pressed", String(repeats !== "none"));
  part("repeat").setAttribute("aria-label", label);
  part("repeat").title = label;
}

/** Mixes the songs after the one that plays, or puts them back in order. */
function shuffle() {
  const playing = queue[at];
  if (ordered) {
    // Songs that were added meanwhile stay at the end, those that were removed are gone.
    const known = ordered.filter((song) => queue.includes(song));
    queue = [...known, ...queue.filter((song) => !known.includes(song))];
    ordered = null;
  } else {
    ordered = queue;
    const rest = queue.filter((song) => song !== playing);
    for (let index = rest.length - 1; index > 0; index -= 1) {
      const other = Math.floor(Math.random() * (index + 1));
      [rest[index], rest[other]] = [rest[other], rest[index]];
    }
    queue = [playing, ...rest];
  }
  at = queue.indexOf(playing);
  part("shuffle").setAttribute("aria-pressed", String(Boolean(ordered)));
  keep();
  if (!part("queue").hidden) list();
}

/** On a phone, the player covers the page: a large cover and large buttons. */
function showFull(isFull) {
  if (!bar().childElementCount) return;
  bar().classList.toggle("is-full", isFull);
  document.body.classList.toggle("has-full-player", isFull);
  for (const other of document.body.children) if (other !== bar()) other.inert = isFull;
  part("expand").setAttribute("aria-expanded", String(isFull));
  part("expand").innerHTML = icon(isFull ? "chevron-down" : "chevron-up");
  const image = part("cover").querySelector("img");
  // The bar has the smallest picture.
  if (image && queue[at]?.cover) image.src = isFull ? queue[at].cover.replace("size=320", "size=1280") : queue[at].cover;
  if (isFull) part("toggle").focus();
}

function showQueue(isOpen) {
  part("queue").hidden = !isOpen;
  part("list").setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) return;
  list();
  part("songs").querySelector("[aria-current]")?.focus();
}

function list() {
  drawQueue(part("songs"), queue, at, { icon, start, remove, move });
}

/** Changes the order of the queue. The song that plays stays the current one. */
function move(from, to) {
  const playing = queue[at];
  queue.splice(to, 0, ...queue.splice(from, 1));
  at = queue.indexOf(playing);
  // The order was made by hand.
  ordered = null;
  part("shuffle").setAttribute("aria-pressed", "false");
  keep();
  list();
}

function remove(index) {
  queue.splice(index, 1);
  if (!queue.length) return close();
  if (index < at) at -= 1;
  else if (index === at) {
    at = Math.min(at, queue.length - 1);
    start(at);
  }
  list();
  keep();
}

function keep() {
  sessionStorage.setItem(KEPT, JSON.stringify({ person: person(), queue, at, time: audio().currentTime, repeats }));
}

function show() {
  const song = queue[at];
  build();
  bar().hidden = false;
  document.body.classList.add("has-player");
  part("title").textContent = song.title;
  part("title").href = song.page ?? address(`/items/${song.id}`);
  part("artist").textContent = [song.artist, song.album].filter(Boolean).join(" · ") || t("Unknown artist");
  part("cover").innerHTML = icon("music");
  if (song.cover) {
    const isFull = bar().classList.contains("is-full");
    const src = isFull ? song.cover.replace("size=320", "size=1280") : song.cover;
    part("cover").replaceChildren(Object.assign(new Image(48, 48), { src, alt: "" }));
  }
  if (!part("queue").hidden) list();
  showToggle();
  if ("mediaSession" in navigator) {
    const artwork = song.cover
      ? [{ src: new URL(song.cover, location.href).href, sizes: "320x320", type: "image/webp" }]
      : [];
    navigator.mediaSession.metadata = new MediaMetadata({
      title: song.title,
      artist: song.artist,
      album: song.album,
      artwork,
    });
  }
  mark();
}

/** Sets the label of a row's button. */
function name(row, plays) {
  row.querySelector("[data-play] use")?.setAttribute("href", `${icons()}#${plays ? "pause" : "play"}`);
  const words = row.querySelector("[data-play] .sr");
  if (words) words.textContent = plays ? t("Pause {title}", row.dataset) : t("Play {title}", row.dataset);
  const shown = row.querySelector("[data-play-words]");
  if (shown) shown.textContent = plays ? t("Pause") : t("Play");
}

/** Marks the playing row, whichever page is open. */
export function mark() {
  if (!bar()) return;
  // A new page arrives without the content of the bar.
  if (queue.length && !bar().childElementCount) {
    show();
    return;
  }
  document.body.classList.toggle("has-player", !bar().hidden);
  for (const row of document.querySelectorAll("[data-song][data-playing]")) row.removeAttribute("data-playing");
  const song = queue[at];
  if (!song) return;
  for (const row of document.querySelectorAll(`[data-song][data-tile="${CSS.escape(song.id)}"]`)) {
    row.setAttribute("data-playing", "");
    name(row, !audio().paused);
  }
  for (const row of document.querySelectorAll("[data-song]:not([data-playing])")) name(row, false);
}

async function start(index, from = 0) {
  at = index;
  show();
  deck.open(queue[at].src);
  audio().currentTime = from;
  keep();
  try {
    await audio().play();
  } catch (error) {
    if (error.name === "NotSupportedError")
      showToast(t("Your browser can't play “{title}”. Download it to listen.", queue[at]));
  }
}

export function play(songs, index) {
  queue = songs;
  ordered = null;
  if (bar().childElementCount) part("shuffle").setAttribute("aria-pressed", "false");
  return start(index);
}

export function enqueue(song) {
  queue.push(song);
  if (queue.length === 1) return start(0);
  keep();
  if (bar().childElementCount && !part("queue").hidden) list();
  showToast(t("Added “{title}” to queue", song));
}

export function toggle() {
  if (!queue.length) return;
  if (audio().paused) audio().play().catch(() => {});
  else audio().pause();
}

export function next() {
  if (at + 1 < queue.length) start(at + 1);
  else if (repeats !== "none" && queue.length) start(0);
  else {
    audio().pause();
    audio().currentTime = 0;
  }
}

export function previous() {
  // As in other players, the first press returns to the beginning of the track.
  if (audio().currentTime > 3 || at === 0) audio().currentTime = 0;
  else start(at - 1);
}

function close() {
  deck.close();
  showFull(false);
  const last = queue[at]?.id;
  queue = [];
  at = 0;
  sessionStorage.removeItem(KEPT);
  if (bar().contains(document.activeElement))
    (
      document.querySelector(`[data-tile="${CSS.escape(last ?? "")}"] .tile-link`) ?? document.getElementById("main")
    )?.focus();
  bar().hidden = true;
  if (bar().childElementCount) showQueue(false);
  mark();
  if ("mediaSession" in navigator) navigator.mediaSession.metadata = null;
}

/** After a reload, restores the queue and its position without playing. */
export function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!kept || kept.person !== person() || !kept.queue.length) return;
  ({ queue, at } = kept);
  repeats = kept.repeats ?? "none";
  show();
  showRepeat();
  audio().preload = "metadata";
  audio().src = queue[at].src;
  audio().currentTime = kept.time;
}

function showToggle() {
  const label = audio().paused ? t("Play") : t("Pause");
  part("toggle").innerHTML = icon(audio().paused ? "play" : "pause");
  part("toggle").setAttribute("aria-label", label);
  part("toggle").title = label;
}

function refresh() {
  if (bar()?.childElementCount) showToggle();
  mark();
}

let kept = 0;
function showTime() {
  const { currentTime, duration } = audio();
  if (!queue.length || !bar()?.childElementCount) return;
  part("now").textContent = clock(currentTime);
  part("seek").value = String(Math.floor(currentTime));
  part("seek").setAttribute("aria-valuetext", t("{time} of {length}", { time: clock(currentTime), length: clock(duration) }));
  const following = queue[at + 1] ?? (repeats === "all" ? queue[0] : null);
  if (following && repeats !== "one" && duration - currentTime < PREPARE) deck.prepare(following.src);
  if (Date.now() - kept > 5000) {
    kept = Date.now();
    keep();
  }
}
document.addEventListener(
  "play",
  (event) => {
    if (event.target !== audio()) audio().pause();
  },
  true,
);
// Logging out stops the music.
document.addEventListener("submit", (event) => {
  if (event.target.action?.endsWith("/logout")) close();
});

if ("mediaSession" in navigator) {
  const on = (action, handler) => {
    try {
      navigator.mediaSession.setActionHandler(action, handler);
    } catch {
      /* not known here */
    }
  };
  on("play", toggle);
  on("pause", toggle);
  on("nexttrack", next);
  on("previoustrack", previous);
  on("seekto", (details) => {
    audio().currentTime = details.seekTime;
  });
  on("seekforward", () => {
    audio().currentTime += 10;
  });
  on("seekbackward", () => {
    audio().currentTime -= 10;
  });
}
// Another page is not covered.
document.addEventListener("turbo:visit", () => bar()?.classList.contains("is-full") && showFull(false));
