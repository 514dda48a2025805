// Uploads in the browser continue after interruptions.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { expect, expectAccessible, letter, logIn, noComplaints, picture, song, test, uploadQuickly } from "./support.mjs";

const bytes = (seed, size) => {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4096) buffer.writeUInt32LE((seed * 2654435761 + at) >>> 0, Math.min(at, size - 4));
  return buffer;
};
const file = (name, seed, size) => ({ name, mimeType: "application/octet-stream", buffer: bytes(seed, size) });
const sha = (buffer) => createHash("sha256").update(buffer).digest("hex");
const choose = (page, files) => page.getByLabel(/Choose files, or drop them here|Drop photos/).setInputFiles(files);
const row = (page, name) => page.locator("[data-transfer]").filter({ hasText: name });
const mine = (house) =>
  join(
    house.folder,
    "media",
    readdirSync(join(house.folder, "media")).find((name) => name.startsWith("00001_")),
  );
const stored = (house, name) => readFileSync(join(mine(house), "Uploads", name));

/** Lets `count` parts through, and holds or breaks the next ones. */
async function breakParts(page, how) {
  await page.route("**/api/uploads**", async (route) => {
    if (route.request().method() === "GET" || route.request().method() === "HEAD") return route.continue();
    return how(route);
  });
}

test("chosen files are sent at once, and each row shows its outcome", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await page.goto(`${house.url}/upload`);
  await choose(page, [picture(1), letter, file("numbers.bin", 1, 3_000_000)]);
  await expect(page.locator("[data-queue-words]")).toHaveText("3 added");
  await expect(page.locator("#live")).toHaveText("3 added");
  await expect(row(page, "letter.txt")).toContainText("Done");
  expect(sha(stored(house, "numbers.bin"))).toBe(sha(bytes(1, 3_000_000)));
  // Again: small files are sent and found to be duplicates, large ones are not sent.
  const sent = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH" || request.method() === "POST") sent.push(request.postDataBuffer()?.length ?? 0);
  });
  await choose(page, [file("again.bin", 1, 3_000_000)]);
  await expect(row(page, "again.bin")).toContainText("Already uploaded");
  expect(Math.max(0, ...sent)).toBeLessThan(100_000);
  await row(page, "again.bin").getByRole("button", { name: "Keep both" }).click();
  await expect(row(page, "again.bin")).toContainText("Done");
  expect(sha(stored(house, "again.bin"))).toBe(sha(bytes(1, 3_000_000)));
  await page.getByRole("button", { name: "Clear finished" }).click();
  await expect(page.locator("[data-queue]")).toBeHidden();
  checkComplaints();
});

test("files dropped on the dashboard, folders and pasted files are uploaded", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await page.goto(`${house.url}/dashboard`);
  const files = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(3_000_000)], "dropped.bin"));
    return transfer;
  });
  await page.dispatchEvent("[data-upload]", "drop", { dataTransfer: files });
  await expect(row(page, "dropped.bin")).toContainText("Done");
  await expect(page.getByRole("link", { name: "Open dropped.bin" })).toBeVisible();
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["pasted"], "pasted.txt"));
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  });
  await expect(row(page, "pasted.txt")).toContainText("Done");
  await page.goto(`${house.url}/upload`);
  const folder = join(house.folder, "Holiday");
  mkdirSync(join(folder, "Day 1"), { recursive: true });
  writeFileSync(join(folder, "plan.txt"), "sea");
  writeFileSync(join(folder, "Day 1", "notes.txt"), "sun");
  await page.locator("input[webkitdirectory]").setInputFiles(folder);
  // With the two of the page before.
  await expect(page.locator("[data-queue-words]")).toHaveText(/4 added/);
  expect(readFileSync(join(mine(house), "Holiday/plan.txt"), "utf8")).toBe("sea");
  expect(readFileSync(join(mine(house), "Holiday/Day 1/notes.txt"), "utf8")).toBe("sun");
  checkComplaints();
});

test("files dropped on photos, an album or a folder are taken, those on a folder into it", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadQuickly(page, house.url, [song("Low Tide", "Harbour Lights", "Tides", 1)]);
  const drop = async (name) => {
    const dataTransfer = await page.evaluateHandle((called) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([called], called));
      return transfer;
    }, name);
    await page.dispatchEvent("main", "drop", { dataTransfer });
    await expect(row(page, name)).toContainText("Done");
  };
  await page.goto(`${house.url}/photos`);
  await drop("on photos.txt");
  await page.goto(`${house.url}/music`);
  await page.getByRole("link", { name: /Tides/ }).first().click();
  await expect(page.getByRole("heading", { name: "Tides" })).toBeVisible();
  await drop("on an album.txt");
  await page.goto(`${house.url}/uploads#new-folder`);
  await page.getByLabel("Folder name").fill("Lisbon");
  await page.getByRole("button", { name: "Create folder" }).click();
  await expect(page.getByRole("heading", { name: "Lisbon" })).toBeVisible();
  await drop("on a folder.txt");
  expect(stored(house, "on photos.txt").toString()).toBe("on photos.txt");
  expect(stored(house, "on an album.txt").toString()).toBe("on an album.txt");
  expect(readFileSync(join(mine(house), "Lisbon/on a folder.txt"), "utf8")).toBe("on a folder.txt");
  checkComplaints();
});

test("what was uploaded is still listed after a reload", async ({ house, page }) => {
  await page.goto(`${house.url}/upload`);
  await choose(page, [letter, picture(1)]);
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added");
  await choose(page, [letter]);
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added, 1 already uploaded");
  await page.reload();
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added, 1 already uploaded");
  await expect(row(page, "picture 1.png")).toContainText("Done");
  await expect(row(page, "picture 1.png").getByRole("link", { name: "Open" })).toBeVisible();
  // The file itself is gone with the page.
  await expect(page.getByRole("button", { name: "Keep both" })).toHaveCount(0);
  // On other pages the list does not cover anything.
  await page.goto(`${house.url}/photos`);
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added, 1 already uploaded");
  await expect(row(page, "picture 1.png")).toBeHidden();
  await page.getByRole("button", { name: "Clear finished" }).click();
  await page.reload();
  await expect(page.locator("[data-queue]")).toBeHidden();
});

/** Names of the uploads that this browser keeps, and the lengths of their files. */
const kept = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open(`nexus-transfers${document.documentElement.dataset.root.replace(/^\/$/, "")}`);
        request.onsuccess = () => {
          const all = request.result.transaction("transfers").objectStore("transfers").getAll();
          all.onsuccess = () => resolve(all.result.map(({ name, file }) => ({ name, size: file?.size })));
        };
      }),
  );

test("uploads can be paused, resumed, retried and cancelled", async ({ house, page }) => {
  await page.goto(`${house.url}/upload`);
  let held = [];
  let isHeld = true;
  await breakParts(page, async (route) => {
    if (isHeld) held.push(route);
    else await route.continue();
  });
  await choose(page, [
    file("one.bin", 1, 900_000),
    file("two.bin", 2, 900_000),
    file("three.bin", 3, 900_000),
    file("four.bin", 4, 900_000),
  ]);
  await expect(row(page, "three.bin")).toContainText("Uploading");
  await expect(row(page, "four.bin"), "three at a time").toContainText("Waiting");
  await expectAccessible(page, "a queue under way");
  await row(page, "one.bin").getByRole("button", { name: "Pause" }).click();
  await expect(row(page, "one.bin")).toContainText("Paused");
  await expect(row(page, "four.bin")).toContainText("Uploading");
  await row(page, "two.bin").getByRole("button", { name: "Cancel" }).click();
  await expect(row(page, "two.bin")).toHaveCount(0);
  isHeld = false;
  await Promise.all(held.map((route) => route.abort().catch(() => {})));
  await row(page, "one.bin").getByRole("button", { name: "Resume" }).click();
  await expect(page.locator("[data-queue-words]")).toHaveText("3 added", { timeout: 20_000 });
  expect(sha(stored(house, "one.bin"))).toBe(sha(bytes(1, 900_000)));
  await expect.poll(() => kept(page), "nothing that was cancelled or stored comes back").toEqual([]);
});

test("an upload resumes by itself after a lost network, page and server", async ({ house, page }) => {
  test.setTimeout(90_000);
  await page.goto(`${house.url}/upload`);
  let isDown = true;
  await breakParts(page, async (route) => (isDown ? route.abort() : route.continue()));
  await choose(page, [file("far.bin", 7, 2_000_000)]);
  await expect(row(page, "far.bin")).toContainText("Waiting for network", { timeout: 20_000 });
  await expectAccessible(page, "a queue without a connection");
  isDown = false;
  await expect(row(page, "far.bin")).toContainText("Done", { timeout: 20_000 });

  // A reload in the middle: the first bytes are on the server, the rest has not been sent.
  await page.unroute("**/api/uploads**");
  let isHeld = true;
  let parts = 0;
  await page.route("**/api/uploads**", async (route) => {
    const request = route.request();
    if (!isHeld || request.method() === "HEAD") return route.continue();
    if (request.method() === "POST") return route.continue();
    // The beginning of the part arrives, its answer does not.
    const seed = parts === 0 ? 8 : 9;
    await route.fetch({
      postData: bytes(seed, 2_000_000).subarray(0, 600_000),
      headers: { ...request.headers(), "content-length": "600000" },
    });
    parts += 1;
  });
  await choose(page, [file("long.bin", 8, 2_000_000)]);
  await expect.poll(() => parts).toBe(1);
  const offsets = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") offsets.push(Number(request.headers()["upload-offset"]));
  });
  page.once("dialog", (dialog) => dialog.accept());
  isHeld = false;
  await page.reload();
  await expect(row(page, "long.bin")).toContainText("Done", { timeout: 20_000 });
  expect(offsets).toEqual([600_000]);
  expect(sha(stored(house, "long.bin"))).toBe(sha(bytes(8, 2_000_000)));

  // The server is killed in the middle and comes back.
  isHeld = true;
  await choose(page, [file("killed.bin", 9, 2_000_000)]);
  await expect.poll(() => parts).toBe(2);
  await house.restart(async () => {
    isHeld = false;
    await row(page, "killed.bin").getByRole("button", { name: "Pause" }).click();
    await row(page, "killed.bin").getByRole("button", { name: "Resume" }).click();
    await expect(row(page, "killed.bin")).toContainText("Waiting for network", { timeout: 20_000 });
  });
  await expect(row(page, "killed.bin")).toContainText("Done", { timeout: 20_000 });
  expect(offsets).toContain(600_000);
  expect(sha(stored(house, "killed.bin"))).toBe(sha(bytes(9, 2_000_000)));
});

test("an upload resumes by itself after a restart of the browser", async ({ house }) => {
  const profile = join(house.folder, "profile");
  const options = {
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
  let context = await chromium.launchPersistentContext(profile, options);
  let page = context.pages()[0] ?? (await context.newPage());
  await logIn(page, house.url, "root");
  await page.goto(`${house.url}/upload`);
  let begun = 0;
  await page.route("**/api/uploads**", (route) => {
    begun += 1;
    return route.abort();
  });
  await choose(page, [file("kept.bin", 11, 2_000_000)]);
  await expect.poll(() => begun).toBeGreaterThan(0);
  await expect.poll(() => kept(page)).toEqual([{ name: "kept.bin", size: 2_000_000 }]);
  await context.close();
  context = await chromium.launchPersistentContext(profile, options);
  page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`${house.url}/upload`);
  await expect(row(page, "kept.bin")).toContainText("Done", { timeout: 20_000 });
  expect(sha(stored(house, "kept.bin"))).toBe(sha(bytes(11, 2_000_000)));
  await context.close();
});

test("leaving the page during an upload shows a warning", async ({ house, page }) => {
  await page.goto(`${house.url}/upload`);
  await breakParts(page, async () => {});
  await choose(page, [letter]);
  await expect(row(page, "letter.txt")).toContainText("Uploading");
  const asked = page.waitForEvent("dialog");
  page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe("beforeunload");
  await dialog.accept();
});

test("uploads of another browser are listed on the dashboard, to be resumed or discarded", async ({
  house,
  page,
  browser,
}) => {
  await page.goto(`${house.url}/upload`);
  const begin = (name, size) =>
    page.evaluate(
      async ([name, size]) => {
        const headers = {
          "Tus-Resumable": "1.0.0",
          "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content,
        };
        const made = await fetch(`${document.documentElement.dataset.root}api/uploads`, {
          method: "POST",
          headers: { ...headers, "Upload-Length": size, "Upload-Metadata": `filename ${btoa(name)}` },
        });
        const part = { ...headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" };
        await fetch(made.headers.get("Location"), { method: "PATCH", headers: part, body: new Uint8Array(4096) });
      },
      [name, size],
    );
  await begin("mine.bin", "500000");
  await begin("unwanted.bin", "10000");
  for (const javaScriptEnabled of [true, false]) {
    const other = await (await browser.newContext({ javaScriptEnabled })).newPage();
    await logIn(other, house.url, "root");
    await expect(other.getByRole("heading", { name: "Unfinished uploads" })).toBeVisible();
    if (javaScriptEnabled) {
      await expectAccessible(other, "unfinished uploads");
      const item = other.locator("[data-unfinished]").filter({ hasText: "mine.bin" });
      await expect(item).toContainText("4.1 kB of 500 kB have arrived");
      await item.locator("input[type=file]").setInputFiles([file("mine.bin", 0, 400_000)]);
      await expect(item).toContainText("different file");
      const rest = file("mine.bin", 0, 500_000);
      rest.buffer.fill(0, 0, 4096);
      await item.locator("input[type=file]").setInputFiles([rest]);
      await expect(row(other, "mine.bin")).toContainText("Done");
      expect(sha(stored(house, "mine.bin"))).toBe(sha(rest.buffer));
    } else {
      await other.getByRole("button", { name: "Discard unwanted.bin" }).click();
      await expect(other.getByText("Upload discarded.")).toBeVisible();
      await expect(other.getByRole("heading", { name: "Unfinished uploads" })).toHaveCount(0);
    }
    await other.context().close();
  }
});

test("the queue stays on all pages, one tab sends a file, and the focus is never lost", async ({
  house,
  page,
  context,
}) => {
  await page.goto(`${house.url}/upload`);
  let isHeld = true;
  const held = [];
  await breakParts(page, async (route) => {
    if (isHeld) held.push(route);
    else await route.continue();
  });
  await choose(page, [file("one.bin", 1, 1_500_000), file("two.bin", 2, 1_500_000)]);
  await expect(page.locator("#live")).toHaveText("2 files, sending");
  await expect(row(page, "one.bin")).toContainText("Uploading");
  expect((await row(page, "one.bin").locator("svg").boundingBox()).width).toBeLessThan(30);
  const other = await context.newPage();
  await other.goto(`${house.url}/upload`);
  await expect(other.getByRole("heading", { name: "Upload", exact: true })).toBeVisible();
  await expect(other.locator("[data-transfer]")).toHaveCount(0);
  await other.close();
  await page.getByRole("button", { name: "Pause all" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Resume all" })).toBeFocused();
  await row(page, "one.bin").getByRole("button", { name: "Resume" }).focus();
  await page.keyboard.press("Delete");
  await expect(row(page, "two.bin").getByRole("button", { name: "Resume" })).toBeFocused();
  await page.keyboard.press("r");
  await expect(row(page, "two.bin")).toContainText("Uploading");
  await page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: /^Photos/ })
    .click();
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
  isHeld = false;
  await Promise.all(held.map((route) => route.abort().catch(() => {})));
  await expect(page.locator("[data-queue-words]")).toHaveText("1 added", { timeout: 20_000 });
  // The panel is on this page, too.
  await expect(row(page, "two.bin")).toContainText("Done");
  await page.getByRole("button", { name: "Clear finished" }).click();
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeFocused();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280);
});
