// The map: outlines on a canvas, photos as links above it. Loaded by pages that have a map.
// Positions on the map are from 0 to 1 in both directions, in the projection of Mercator.
import { fetchPage } from "./fetch-page.js";

const WORLD = 256;
const MOST = 18;
const WAIT = 200;
let outlines = null;
// A page that is restored by Back has another node.
const started = new WeakSet();

const xOf = (east) => (east + 180) / 360;
const yOf = (north) => {
  const latitude = (Math.max(-85, Math.min(85, north)) * Math.PI) / 180;
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + latitude / 2)) / (2 * Math.PI);
};
const eastOf = (x) => x * 360 - 180;
const northOf = (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;

/** A line of the file as a path, with what contains it. */
function pathOf(numbers) {
  const path = new Path2D();
  const box = { left: 1, right: 0, top: 1, bottom: 0 };
  let [east, north] = [0, 0];
  for (let at = 0; at < numbers.length; at += 2) {
    east += numbers[at];
    north += numbers[at + 1];
    const [x, y] = [xOf(east / 100), yOf(north / 100)];
    if (at) path.lineTo(x, y);
    else path.moveTo(x, y);
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return { path, ...box };
}

async function load(href) {
  if (outlines) return;
  const answer = await fetch(href);
  if (!answer.ok) throw new Error(String(answer.status));
  const { land, borders } = await answer.json();
  outlines = { land: land.map(pathOf), borders: borders.map(pathOf) };
}

class WorldMap {
  constructor(node) {
    this.node = node;
    this.canvas = node.querySelector("[data-map-canvas]");
    this.context = this.canvas.getContext("2d");
    this.pins = [];
    this.cities = [];
    this.timer = 0;
    this.frame = 0;
    this.asked = "";
  }

  start() {
    this.node.querySelector("[data-map-image]")?.remove();
    this.canvas.hidden = false;
    this.node.querySelector("[data-map-zoom]").hidden = false;
    this.measure();
    const at = new URLSearchParams(location.search).get("at")?.split(",").map(Number);
    const first = this.node.querySelector("[data-map-first]").content.querySelector("#clusters");
    if (at?.length === 3 && at.every(Number.isFinite)) {
      [this.x, this.y, this.zoom] = [xOf(at[1]), yOf(at[0]), at[2]];
    } else {
      this.fit(first);
    }
    this.limit();
    this.take(first.cloneNode(true));
    this.listen();
    this.changed();
  }

  measure() {
    const { width, height } = this.node.getBoundingClientRect();
    const density = window.devicePixelRatio || 1;
    [this.width, this.height, this.density] = [width, height, density];
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
  }

  get scale() {
    return WORLD * 2 ** this.zoom;
  }

  /** The position on the screen, beside the middle of the world that is nearest to the middle of the map. */
  place(x, y) {
    const turns = Math.round(this.x - x);
    return [(x + turns - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  /** Shows all clusters of the first answer. */
  fit(clusters) {
    const bounds = [...clusters.querySelectorAll("[data-bounds]")].map((pin) => pin.dataset.bounds.split(",").map(Number));
    if (!bounds.length) {
      [this.x, this.y, this.zoom] = [0.5, 0.4, 1];
      return;
    }
    this.show([
      Math.min(...bounds.map(([south]) => south)),
      Math.min(...bounds.map(([, west]) => west)),
      Math.max(...bounds.map(([, , north]) => north)),
      Math.max(...bounds.map(([, , , east]) => east)),
    ]);
  }

  /** Moves to an area: south, west, north, east. */
  show([south, west, north, east]) {
    const [left, right, top, bottom] = [xOf(west), xOf(east), yOf(north), yOf(south)];
    [this.x, this.y] = [(left + right) / 2, (top + bottom) / 2];
    const [width, height] = [Math.max(right - left, 1e-7), Math.max(bottom - top, 1e-7)];
    const fits = Math.min((this.width * 0.7) / width, (this.height * 0.7) / height);
    this.zoom = Math.min(14, Math.log2(fits / WORLD));
  }

  /** Keeps the map on the world, which has no end to the east and west. */
  limit() {
    const least = Math.max(0, Math.log2(Math.max(this.height, this.width / 2) / WORLD));
    this.zoom = Math.max(least, Math.min(MOST, this.zoom));
    const half = this.height / 2 / this.scale;
    this.y = half > 0.5 ? 0.5 : Math.max(half, Math.min(1 - half, this.y));
    this.x -= Math.floor(this.x);
  }

  /** Zooms so that what is at a place of the screen stays there. */
  zoomBy(steps, left = this.width / 2, top = this.height / 2) {
    const [dx, dy] = [left - this.width / 2, top - this.height / 2];
    const [x, y] = [this.x + dx / this.scale, this.y + dy / this.scale];
    this.zoom = Math.max(0, Math.min(MOST, this.zoom + steps));
    [this.x, this.y] = [x - dx / this.scale, y - dy / this.scale];
    this.moved();
  }

  moved() {
    this.limit();
    this.changed();
  }

  changed() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  get area() {
    const [w, h] = [this.width / 2 / this.scale, this.height / 2 / this.scale];
    const clip = (number, most) => Math.max(-most, Math.min(most, number)).toFixed(5);
    const turn = (x) => x - Math.floor(x);
    const isWhole = w >= 0.5;
    return [
      clip(northOf(Math.min(1, this.y + h)), 90),
      isWhole ? -180 : clip(eastOf(turn(this.x - w)), 180),
      clip(northOf(Math.max(0, this.y - h)), 90),
      isWhole ? 180 : clip(eastOf(turn(this.x + w)), 180),
    ].join(",");
  }

  /** Requests the photos on screen, and keeps the position in the address. */
  async ask() {
    if (!this.node.isConnected) return;
    const { area } = this;
    const address = new URL(location.href);
    address.searchParams.set("at", `${northOf(this.y).toFixed(5)},${eastOf(this.x).toFixed(5)},${this.zoom.toFixed(2)}`);
    history.replaceState(history.state, "", address);
    if (this.asked === area) return;
    this.asked = area;
    try {
      const page = await fetchPage(`${this.node.dataset.url}?area=${area}&zoom=${this.zoom.toFixed(2)}`);
      if (this.asked === area && this.node.isConnected) this.take(page.querySelector("#clusters"));
    } catch {
      this.asked = "";
    }
  }

  take(clusters) {
    const focused = document.activeElement?.dataset.bounds;
    this.node.querySelector(":scope > #clusters")?.remove();
    this.node.append(clusters);
    const position = ({ dataset }) => ({ x: xOf(Number(dataset.east)), y: yOf(Number(dataset.north)) });
    this.pins = [...clusters.querySelectorAll(".pin")].map((node) => ({ node, ...position(node) }));
    this.cities = [...clusters.querySelectorAll("[data-city]")].map((node) => ({ name: node.textContent, ...position(node) }));
    if (focused) clusters.querySelector(`[data-bounds="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.draw();
  }

  draw() {
    const { context, density, scale } = this;
    const style = getComputedStyle(this.node);
    const color = (name) => style.getPropertyValue(name);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.fillStyle = color("--map-sea");
    context.fillRect(0, 0, this.width, this.height);
    if (outlines) {
      context.lineWidth = 1 / scale;
      context.fillStyle = color("--map-land");
      context.strokeStyle = color("--map-border");
      this.drawLines(outlines.land, (path) => {
        context.fill(path);
        context.stroke(path);
      });
      this.drawLines(outlines.borders, (path) => context.stroke(path));
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    this.drawNames(color("--text"), color("--map-land"));
    for (const pin of this.pins) {
      const [left, top] = this.place(pin.x, pin.y);
      pin.node.style.setProperty("transform", `translate(${left}px, ${top}px) translate(-50%, -50%)`);
    }
  }

  /** Draws what is on screen of these lines, on each turn around the world. */
  drawLines(lines, drawPath) {
    const { context, density, scale } = this;
    const [w, h] = [this.width / 2 / scale, this.height / 2 / scale];
    // Some lines go on beyond the end of the world.
    for (let turn = Math.floor(this.x - w) - 1; turn <= Math.floor(this.x + w) + 1; turn += 1) {
      const left = (this.width / 2 - (this.x - turn) * scale) * density;
      const top = (this.height / 2 - this.y * scale) * density;
      context.setTransform(scale * density, 0, 0, scale * density, left, top);
      for (const line of lines) {
        const isOnScreen =
          line.left + turn < this.x + w &&
          line.right + turn > this.x - w &&
          line.top < this.y + h &&
          line.bottom > this.y - h;
        if (isOnScreen) drawPath(line.path);
      }
    }
  }

  /** Names of the largest cities that have room. */
  drawNames(text, halo) {
    const { context } = this;
    context.font = `12px ${getComputedStyle(this.node).fontFamily}`;
    context.textAlign = "center";
    context.lineJoin = "round";
    const taken = [];
    for (const { name, x, y } of this.cities) {
      const [left, top] = this.place(x, y);
      const half = context.measureText(name).width / 2 + 6;
      const box = { left: left - half, right: left + half, top: top - 16, bottom: top + 18 };
      const isFree = taken.every(
        (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
      );
      if (!isFree || taken.length >= 24) continue;
      taken.push(box);
      context.fillStyle = text;
      context.beginPath();
      context.arc(left, top, 2, 0, 7);
      context.fill();
      context.strokeStyle = halo;
      context.lineWidth = 3;
      context.strokeText(name, left, top + 15);
      context.fillText(name, left, top + 15);
    }
  }

  listen() {
    const pointers = new Map();
    let gap = 0;
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      gap = 0;
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = place(event);
      pointers.set(event.pointerId, now);
      const part = 1 / pointers.size;
      this.x -= ((now[0] - before[0]) * part) / this.scale;
      this.y -= ((now[1] - before[1]) * part) / this.scale;
      if (pointers.size === 2) {
        const [one, other] = [...pointers.values()];
        const next = Math.hypot(one[0] - other[0], one[1] - other[1]);
        if (gap) this.zoomBy(Math.log2(next / gap), (one[0] + other[0]) / 2, (one[1] + other[1]) / 2);
        gap = next;
      }
      this.moved();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, (event) => {
        pointers.delete(event.pointerId);
        gap = 0;
      });
    }
    this.node.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoomBy(Math.max(-1, Math.min(1, -event.deltaY / 200)), ...place(event));
      },
      { passive: false },
    );
    this.canvas.addEventListener("dblclick", (event) => this.zoomBy(1, ...place(event)));
    this.canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step = 80 / this.scale;
      if (event.key === "ArrowLeft") this.x -= step;
      else if (event.key === "ArrowRight") this.x += step;
      else if (event.key === "ArrowUp") this.y -= step;
      else if (event.key === "ArrowDown") this.y += step;
      else if (event.key === "+" || event.key === "=") this.zoomBy(1);
      else if (event.key === "-") this.zoomBy(-1);
      else return;
      event.preventDefault();
      event.stopPropagation();
      this.moved();
    });
    this.node.addEventListener("click", (event) => {
      const steps = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (steps) this.zoomBy(Number(steps));
      const pin = event.target.closest(".pin");
      if (!pin || Number(pin.dataset.count) < 2 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const [south, west, north, east] = pin.dataset.bounds.split(",").map(Number);
      // What is at one place, or cannot be shown larger, is a list.
      if (this.zoom >= 14 || Math.max(north - south, east - west) < 0.0005) return;
      event.preventDefault();
      const before = this.zoom;
      this.show([south, west, north, east]);
      this.zoom = Math.max(this.zoom, before + 1);
      this.moved();
    });
    new ResizeObserver(() => {
      if (!this.node.isConnected) return;
      this.measure();
      this.moved();
    }).observe(this.node);
  }
}

export async function startMap(node) {
  if (started.has(node)) return;
  started.add(node);
  const map = new WorldMap(node);
  map.start();
  await load(node.dataset.outlines);
  if (node.isConnected) map.draw();
}
