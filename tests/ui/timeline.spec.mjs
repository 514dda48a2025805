// Photos by day: long lists in both directions, the viewer over the whole list, selections, and a phone.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, expectAccessible, noComplaints, picture, test, toast, waitUntilRead } from "./support.mjs";

/** Files that one request uploads. */
const TOGETHER = 25;

/** Uploads photos of every third day from 2019 on, whose names say so, and waits for their previews. */
async function uploadDays(page, url, count) {
  await page.goto(`${url}/upload`);
  const token = await page.locator('meta[name="csrf-token"]').getAttribute("content");
  for (let first = 0; first < count; first += TOGETHER) {
    const form = new FormData();
    for (let index = first; index < Math.min(first + TOGETHER, count); index += 1) {
      const day = new Date(Date.UTC(2019, 0, 1 + index * 3)).toISOString().slice(0, 10).replaceAll("-", "");
      form.append("file", new File([picture(index).buffer], `IMG_${day}_120000.png`, { type: "image/png" }));
    }
    const answer = await page.request.post(`${url}/api/media/upload`, {
      headers: { "X-CSRF-Token": token },
      multipart: form,
    });
    expect(answer.status()).toBe(201);
  }
  await waitUntilRead(page, url);
}

test("a photo has an address, and the viewer goes through the whole list", async ({ house, page }) => {
  test.setTimeout(180_000);
  const checkComplaints = noComplaints(page);
  await uploadDays(page, house.url, 70);
  await page.goto(`${house.url}/photos`);
  await page.locator("[data-view]").first().click();
  const place = page.locator(".pswp__place");
  await expect(place).toHaveText("1 of 70");
  await expect(page).toHaveURL(/\/photos\?view=/);
  await expect(page.locator('[data-viewer="open"]')).toBeVisible();
  await page.keyboard.press("End");
  await expect(place).toHaveText("70 of 70");
  const last = page.url();
  await page.keyboard.press("Escape");
  // Without a photo, it says which month is on screen.
  await expect(page).toHaveURL(/\/photos(\?at=[0-9-]+)?$/);

  // The address opens the same photo, and the list continues in both directions.
  await page.goto(last);
  await expect(place).toHaveText("70 of 70");
  await expect(page.locator('[data-viewer="open"]')).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await expect(place).toHaveText("69 of 70");
  await page.keyboard.press("Home");
  await expect(place).toHaveText("1 of 70");

  // Trash and Undo without leaving the viewer.
  await page.keyboard.press("Delete");
  await expect(place).toHaveText("1 of 69");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(toast(page, "Restored")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.reload();
  await expect(page.getByText("70 items")).toBeVisible();
  checkComplaints();
});

test("a list that begins in the middle goes on in both directions", async ({ house, page }) => {
  test.setTimeout(180_000);
  await uploadDays(page, house.url, 130);
  await page.goto(`${house.url}/photos?at=2019-06`);
  await expect(page.getByRole("heading", { name: "June 2019" })).toBeInViewport();
  await expect(page.getByRole("heading", { name: "July 2019" })).toBeAttached();
  for (let part = 0; part < 40; part += 1) {
    await page.mouse.wheel(0, -600);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await expect(page.locator("[data-pages-above]")).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "January 2020" })).toBeAttached();
  // Each month and each day is there once.
  for (const name of ["month", "day"]) {
    const all = await page.locator(`[data-${name}]`).evaluateAll(
      (found, name) => found.map((one) => one.dataset[name]),
      name,
    );
    expect(all).toEqual([...new Set(all)]);
    expect(all).toEqual([...all].sort().reverse());
  }
  // The months are one tab stop; arrow keys move between them.
  const months = page.locator("[data-timeline] a:visible");
  await expect.poll(() => months.evaluateAll((all) => all.filter((link) => link.tabIndex === 0).length)).toBe(1);
  await months.nth(1).focus();
  await page.keyboard.press("ArrowDown");
  await expect(months.nth(2)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(months.first()).toBeFocused();
});

/** Turns the wheel until `isEnough`, and checks after each turn that what was on screen has moved no farther. */
async function turnWheel(page, pixels, isEnough) {
  for (let turns = 0; turns < 200 && !(await isEnough()); turns += 1) {
    const before = await page.evaluate(() => {
      const tile = document.elementFromPoint(innerWidth / 3, innerHeight / 2)?.closest("[data-tile]");
      return tile && { id: tile.id, top: tile.getBoundingClientRect().top };
    });
    await page.mouse.wheel(0, pixels);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const moved = await page.evaluate((tile) => {
      const same = tile && document.getElementById(tile.id);
      return same ? tile.top - same.getBoundingClientRect().top : 0;
    }, before);
    expect(Math.abs(moved)).toBeLessThanOrEqual(Math.abs(pixels) + 1);
  }
  expect(await isEnough()).toBe(true);
}

test("a long list keeps only what is near in the page, and nothing moves on screen", async ({ house, page }) => {
  test.setTimeout(180_000);
  const checkComplaints = noComplaints(page);
  await uploadDays(page, house.url, 190);
  // The same with fewer photos.
  await page.route("**/list-window.js", async (route) => {
    const source = await (await route.fetch()).text();
    const small = source.replace("MOST = 300", "MOST = 70").replace("FAR = 3000", "FAR = 1600");
    await route.fulfill({ body: small, contentType: "text/javascript" });
  });
  await page.setViewportSize({ width: 800, height: 500 });
  await page.goto(`${house.url}/photos`);
  const tiles = page.locator("[data-gallery] [data-tile]");
  const ids = () => tiles.evaluateAll((all) => all.map((tile) => tile.dataset.tile));
  const first = (await ids())[0];
  await page.mouse.move(300, 250);
  await turnWheel(page, 200, async () => (await page.locator('[data-pages] a[rel="next"]').count()) === 0);
  await expect(page.getByRole("heading", { name: "January 2019" })).toBeAttached();
  await expect.poll(() => tiles.count()).toBeLessThan(150);
  expect(await ids()).not.toContain(first);
  await expect(page.getByRole("link", { name: "Show newer" })).toBeAttached();

  const last = (await ids()).at(-1);

  // The viewer knows which one of all it shows.
  await page.keyboard.press("End");
  await tiles.last().getByRole("link").click();
  await expect(page.locator(".pswp__place")).toHaveText("190 of 190");
  await expect(page.locator('[data-viewer="open"]')).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Viewer" })).toBeHidden();

  await turnWheel(page, -200, async () => (await page.locator("[data-pages-above]").count()) === 0);
  expect((await ids())[0]).toBe(first);
  await expect.poll(ids).not.toContain(last);
  await expect(page.locator("div[data-gallery]")).toHaveAttribute("data-offset", "0");
  await expect(page.locator('[data-pages] a[rel="next"]')).toHaveCount(1);
  for (const name of ["month", "day"]) {
    const all = await page.locator(`[data-${name}]`).evaluateAll((found, of) => found.map((one) => one.dataset[of]), name);
    expect(all).toEqual([...new Set(all)].sort().reverse());
  }
  // A photo that is selected stays.
  await tiles.first().getByRole("checkbox").check({ force: true });
  await turnWheel(page, 200, async () => (await tiles.count()) === 190);
  expect((await ids())[0]).toBe(first);
  checkComplaints();
});

test("a day or a month is selected by its head, and all by one button", async ({ house, page }) => {
  test.setTimeout(180_000);
  await uploadDays(page, house.url, 66);
  await page.goto(`${house.url}/photos`);
  const before = await page.locator("[data-tile]").first().boundingBox();
  await page.getByRole("button", { name: "Select July 2019" }).click();
  await expect(page.locator("[data-selection-count]")).toHaveText("5 selected");
  expect(await page.locator("[data-tile]").first().boundingBox()).toEqual(before);
  await page.keyboard.press("Escape");
  await page.locator(".day-check").first().click();
  await expect(page.locator("[data-selection-count]")).toHaveText("1 selected");
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Select all 66" }).click();
  await expect(page.locator("[data-selection-count]")).toHaveText("66 selected");

  // A selection moves into a new folder in one step.
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await expectAccessible(page, "moving a selection");
  await page.getByLabel("New folder").fill("Year 2019");
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await expect(toast(page, "66 items moved")).toBeVisible();
  const folder = readdirSync(join(house.folder, "media")).find((name) => name.startsWith("00001_"));
  expect(readdirSync(join(house.folder, "media", folder, "Year 2019"))).toHaveLength(66);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test("nothing covers a photo, a long press selects, and the bar is in reach", async ({ house, page }) => {
    await uploadDays(page, house.url, 12);
    await page.goto(`${house.url}/photos`);
    const tile = page.locator("[data-tile]").first();
    for (const part of [".tile-check", ".star"]) await expect(tile.locator(part)).toHaveCSS("opacity", "0");
    // The first photo begins in the upper third.
    expect((await tile.boundingBox()).y).toBeLessThan(281);

    const touch = await page.context().newCDPSession(page);
    const send = (type, points) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    const centers = await page.locator("[data-tile]").evaluateAll((tiles) =>
      tiles.slice(0, 3).map((one) => {
        const box = one.getBoundingClientRect();
        return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
      }),
    );
    await send("touchStart", [centers[0]]);
    await expect(page.locator("[data-selection-count]")).toHaveText("1 selected");
    await send("touchMove", [centers[1]]);
    await send("touchMove", [centers[2]]);
    await send("touchEnd", []);
    await expect(page.locator("[data-selection-count]")).toHaveText("3 selected");
    await expect(page.getByRole("dialog", { name: "Viewer" })).toHaveCount(0);
    for (const name of ["Favorite", "Download", "Move", "Edit", "Trash", "Clear"]) {
      const box = await page.locator("[data-selection]").getByRole("button", { name, exact: true }).boundingBox();
      expect(box.x, name).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width, name).toBeLessThanOrEqual(390);
      expect(box.height, name).toBeGreaterThanOrEqual(44);
    }
    await expectAccessible(page, "a selection on a phone");
  });
});
