// Takes out of npm packages what the build needs: browser files and the icon sprite into static/vendor, common passwords
// into vendor.
import { Resvg } from '@resvg/resvg-js';
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
for (const name of ['skip-back', 'skip-forward', 'list-music', 'volume-2', 'repeat', 'repeat-1', 'shuffle', 'x', 'download', 'star', 'info', 'play', 'pause', 'wifi-off', 'copy', 'circle-check', 'triangle-alert', 'file-up', 'share-2', 'undo-2', 'folder-input', 'trash-2', 'presentation', 'circle-play']) names.add(name);

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
