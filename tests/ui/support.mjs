// Fixtures: a server for each test, and helpers of the specs.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { test as base, expect } from "@playwright/test";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const binary =
  process.env.NEXUS_BINARY ??
  (() => {
    throw new Error("NEXUS_BINARY is not set: run make test-ui");
  })();
const axe = readFileSync(here("node_modules/axe-core/axe.min.js"), "utf8");

export const PASSWORD = "correct horse battery";

/** The first line of a process's stream that matches. */
function line(process, stream, pattern) {
  return new Promise((resolve, reject) => {
    let seen = "";
    createInterface({ input: process[stream] }).on("line", (text) => {
      seen += `${text}\n`;
      const match = text.match(pattern);
      if (match) resolve(match);
    });
    process.on("exit", (code) => reject(new Error(`ended with ${code} before ${pattern}:\n${seen}`)));
  });
}

/** The path below which the server is reached in that project. */
const pathOf = (project) => (project.name === "below" ? "/nexus" : "");

async function startServer(folder, databaseUrl, path, env) {
  const server = spawn(binary, [], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NEXUS_LISTEN: "127.0.0.1:0",
      DATABASE_URL: databaseUrl,
      NEXUS_WORKERS: "2",
      NEXUS_LOG: "warn",
      ...(path ? { NEXUS_PUBLIC_URL: `http://nexus.example${path}` } : {}),
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const link = line(server, "stderr", /Open this link to create one: (\S+)/).then((match) => match[1]);
  link.catch(() => {});
  const [, origin] = await line(server, "stderr", /listening on (\S+)/);
  const url = origin + path;
  const setup = link.then((there) => there.replace("http://nexus.example", origin));
  setup.catch(() => {});
  const stop = (signal = "SIGTERM") =>
    new Promise((resolve) => {
      server.on("exit", resolve);
      server.kill(signal);
    });
  return { url, setup, stop };
}

export const test = base.extend({
  /** Makes the address of an empty database. */
  database: [
    // eslint-disable-next-line no-empty-pattern -- Playwright requires the pattern
    async ({}, use, worker) => {
      if (worker.project.name !== "mariadb") {
        await use((folder) => `sqlite://${folder}/data/nexus.db`);
        return;
      }
      const mariadb = spawn(here("../support/mariadb.sh"), { stdio: ["pipe", "pipe", "inherit"] });
      const [url] = await line(mariadb, "stdout", /mysql:\/\/\S+/);
      const port = new URL(url).port;
      let count = 0;
      await use(() => {
        const name = `ui${(count += 1)}`;
        execFileSync("mariadb", [
          "--no-defaults",
          "-h127.0.0.1",
          `-P${port}`,
          "-unexus",
          "-pnexus",
          "-e",
          `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
        ]);
        return `${url}/${name}`;
      });
      const ended = new Promise((resolve) => mariadb.on("exit", resolve));
      mariadb.stdin.end();
      await ended;
    },
    { scope: "worker", timeout: 120_000 },
  ],

  /** An empty server; `server.setup` is its setup link. */
  server: async ({ database }, use, info) => {
    const folder = mkdtempSync(join(tmpdir(), "nexus-ui-"));
    const server = await startServer(folder, database(folder), pathOf(info.project), {});
    await use({ ...server, folder });
    await server.stop();
    rmSync(folder, { recursive: true });
  },

  /** A server whose admin is root, and who is logged in on `page`. */
  house: async ({ database, page }, use, info) => {
    const folder = mkdtempSync(join(tmpdir(), "nexus-ui-"));
    writeFileSync(join(folder, "password"), PASSWORD);
    const url = database(folder);
    const path = pathOf(info.project);
    const server = await startServer(folder, url, path, {
      NEXUS_ADMIN_USERNAME: "root",
      NEXUS_ADMIN_EMAIL: "root@example.org",
      NEXUS_ADMIN_PASSWORD_FILE: join(folder, "password"),
    });
    const elsewhere = [];
    page.on("request", (request) => {
      if (/^https?:/.test(request.url()) && !request.url().startsWith(`${server.url}/`)) elsewhere.push(request.url());
    });
    await logIn(page, server.url, "root");
    const house = { ...server, folder };
    // Restarts on the same folders and port after a kill.
    house.restart = async (whileAway = async () => {}) => {
      await house.stop("SIGKILL");
      await whileAway();
      Object.assign(house, await startServer(folder, url, path, { NEXUS_LISTEN: new URL(server.url).host }));
    };
    await use(house);
    await house.stop();
    expect(elsewhere, "asked for beside the server").toEqual([]);
    rmSync(folder, { recursive: true });
  },
});

export { expect };

/** A message in the corner of the page. */
export const toast = (page, text) => page.locator("[data-toast]").getByText(text);

export async function logIn(page, url, username) {
  await page.goto(`${url}/login`);
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/dashboard");
}

export async function register(page, url, first, last, username) {
  await page.goto(`${url}/register`);
  await page.getByLabel("First name").fill(first);
  await page.getByLabel("Last name").fill(last);
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Email").fill(`${username}@example.org`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Send request" }).click();
  await page.waitForURL("**/pending");
}

/** Lets a second person in, and returns a page of theirs: the session of who has registered goes on. */
export async function letIn(browser, page, url, options) {
  const context = await browser.newContext(options);
  const other = await context.newPage();
  await register(other, url, "Tom", "Baker", "tom");
  await page.goto(`${url}/admin/users`);
  await page
    .getByRole("row")
    .filter({ hasText: "Tom Baker" })
    .getByRole("button", { name: /Approve/ })
    .click();
  await expect(toast(page, /approved/)).toBeVisible();
  return other;
}

/** CRC-32 as in PNG and zlib. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A small valid PNG of one colour, different for each seed. */
export function picture(seed) {
  const number = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    return Buffer.concat([number(data.length), body, number(crc32(body))]);
  };
  const [width, height] = [160, 120];
  const color = [37, 91, 151].map((factor) => (seed * factor) % 256);
  const row = Buffer.from([0, ...Array.from({ length: width }, () => color).flat()]);
  const pixels = Buffer.concat(Array.from({ length: height }, () => row));
  const header = Buffer.concat([number(width), number(height), Buffer.from([8, 2, 0, 0, 0])]);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0))];
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return { name: `picture ${seed}.png`, mimeType: "image/png", buffer: Buffer.concat([signature, ...parts]) };
}

/** Opens an item's own page, as a click with a modifier or without JavaScript would: a plain click opens the viewer. */
export async function openItem(page, name) {
  const href = await page.getByRole("link", { name }).first().getAttribute("href");
  await page.evaluate((path) => window.Turbo.visit(path), href);
  await page.waitForURL(`**${href}`);
}

/** What ffmpeg makes of these arguments, as a file to upload. */
export function made(name, mimeType, args) {
  const folder = mkdtempSync(join(tmpdir(), "nexus-made-"));
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...args, join(folder, name)]);
  const buffer = readFileSync(join(folder, name));
  rmSync(folder, { recursive: true });
  return { name, mimeType, buffer };
}

/** A song of twenty seconds. */
export const song = (title, artist, album, track) =>
  made(`${title}.mp3`, "audio/mpeg", [
    "-f",
    "lavfi",
    "-i",
    `sine=frequency=${300 + track * 60}:duration=20`,
    "-metadata",
    `title=${title}`,
    "-metadata",
    `artist=${artist}`,
    "-metadata",
    `album=${album}`,
    "-metadata",
    `track=${track}`,
  ]);

/** A film of three seconds. */
export const film = (name, mimeType, codec) =>
  made(name, mimeType, ["-f", "lavfi", "-i", "testsrc2=duration=3:size=320x180:rate=15", ...codec]);

/** Uploads through the API as the user of `page`, and waits until all previews are ready. */
export async function uploadQuickly(page, url, files) {
  const token = await page.locator('meta[name="csrf-token"]').getAttribute("content");
  const items = [];
  for (const file of files) {
    const answer = await page.request.post(`${url}/api/media/upload`, {
      headers: { "X-CSRF-Token": token },
      multipart: { file },
    });
    expect(answer.status(), file.name).toBe(201);
    items.push((await answer.json()).items[0]);
  }
  for (const item of items) if (item.thumbnail_url) await page.request.get(new URL(item.thumbnail_url, url).href);
  return items;
}

export const letter = { name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Dear Ada") };

/** Uploads files on /upload and waits until they are stored, with or without JavaScript. */
export async function upload(page, url, files) {
  await page.goto(`${url}/upload`);
  await choose(page, files);
}

/** Waits until every photo and video of the user of `page` has been read; until then it has no date in the list. */
export async function waitUntilRead(page, url) {
  const unread = async () => {
    const { items } = await (await page.request.get(`${url}/api/media/list?shelf=photos&limit=200`)).json();
    return items.filter(({ preview }) => preview !== "ready").length;
  };
  await expect.poll(unread, { timeout: 60_000 }).toBe(0);
}

/** Uploads photos one after the other, so that the last one is the newest, and waits until they have been read. */
export async function uploadInTurn(page, url, files) {
  for (const file of files) await upload(page, url, [file]);
  await waitUntilRead(page, url);
}

/** How many uploads the queue of a page lists as ended, or will list when it has been read. */
const ended = (page) =>
  page.evaluate(() => {
    const key = Object.keys(sessionStorage).find((name) => name.startsWith("nexus-ended-uploads"));
    const states = ["done", "duplicate", "refused"].map((state) => `[data-transfer][data-state="${state}"]`);
    return Math.max(JSON.parse((key && sessionStorage[key]) ?? "[]").length, document.querySelectorAll(states).length);
  });

/** Chooses files on the upload page that is shown. */
export async function choose(page, files) {
  const send = page.getByRole("main").getByRole("button", { name: "Upload", exact: true });
  if (await send.isVisible()) {
    await page.getByLabel("Choose files, or drop them here").setInputFiles(files);
    await send.click();
    await page.waitForURL("**/uploads/results/*");
    return;
  }
  const before = await ended(page);
  await page.getByLabel("Choose files, or drop them here").setInputFiles(files);
  await expect.poll(() => ended(page)).toBe(before + files.length);
  await expect(page.locator("[data-queue-words]")).toHaveText(/added|already uploaded|failed/);
}

/** Fails on anything the browser complains about. */
export function noComplaints(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
  });
  return () => expect(complaints).toEqual([]);
}

/** Checks the page with axe (WCAG 2.2 A and AA), once a visit between pages has ended. */
export async function expectAccessible(page, what) {
  await expect(page.locator("html")).not.toHaveAttribute("aria-busy");
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
    );
  });
  expect.soft(violations, what).toEqual([]);
}
