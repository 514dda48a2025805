// Enhancements with JavaScript.
import { expect, noComplaints, picture, test, toast, upload, uploadInTurn } from "./support.mjs";

test("a star is set without a reload and is there after one", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2)]);
  await page.goto(`${house.url}/photos`);
  await page.evaluate(() => {
    window.stillHere = true;
  });
  const star = page.getByRole("button", { name: "Favorite picture 1.png" });
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/favorite"));
  await star.click();
  await expect(star).toHaveAttribute("aria-pressed", "true");
  await answered;
  expect(await page.evaluate(() => window.stillHere)).toBe(true);
  await page.reload();
  await expect(star).toHaveAttribute("aria-pressed", "true");
  checkComplaints();
});

test("a star that the server rejected is removed again", async ({ house, page }) => {
  await upload(page, house.url, [picture(1)]);
  await page.goto(`${house.url}/photos`);
  await page.route("**/favorite", (route) => route.abort());
  const star = page.getByRole("button", { name: "Favorite picture 1.png" });
  await star.click();
  await expect(star).toHaveAttribute("aria-pressed", "false");
});

test("pages change without a reload", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await page.goto(`${house.url}/dashboard`);
  await page.evaluate(() => {
    window.stillHere = true;
  });
  await page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: /^Photos/ })
    .click();
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
  expect(await page.evaluate(() => window.stillHere)).toBe(true);
  checkComplaints();
});

test("the selection bar appears with a selection, and Undo restores trashed items", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2), picture(3)]);
  await page.goto(`${house.url}/photos`);
  await expect(page.getByRole("button", { name: "Trash" })).toBeHidden();
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await page.getByLabel("Select picture 3.png").check({ force: true });
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("button", { name: "Trash" }).click();
  await expect(toast(page, "2 items moved to trash")).toBeVisible();
  await expect(page.getByRole("img", { name: "picture 1.png" })).toBeHidden();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("img", { name: "picture 1.png" })).toBeVisible();
  checkComplaints();
});

test("everything on a shelf can be done by keyboard", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2), picture(3)]);
  await page.goto(`${house.url}/dashboard`);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await page.waitForURL("**/photos");
  await expect(page.getByRole("img", { name: "picture 3.png" })).toBeVisible();
  // Outside the shelf, arrow keys scroll the page; j moves into it.
  await page.keyboard.press("ArrowRight");
  expect(await page.evaluate(() => document.activeElement.closest("[data-tile]"))).toBe(null);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("link", { name: "picture 2.png" })).toBeFocused();
  await page.keyboard.press("f");
  await expect(page.getByRole("button", { name: "Favorite picture 2.png" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("x");
  await expect(page.getByText("1 selected")).toBeVisible();
  await page.keyboard.press("Control+a");
  await expect(page.getByText("3 selected")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("3 selected")).toBeHidden();
  await page.keyboard.press("End");
  await page.keyboard.press("Delete");
  await expect(toast(page, "1 item moved to trash")).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeHidden();
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("picture 1");
  await expect(page.locator("#q")).toHaveValue("picture 1");
  checkComplaints();
});

test("a video plays from any position, and the browser requests ranges", async ({ house, page }) => {
  const { execFileSync } = await import("node:child_process");
  const file = `${house.folder}/film.webm`;
  execFileSync("ffmpeg", [
    "-loglevel",
    "error",
    "-f",
    "lavfi",
    "-i",
    "testsrc=d=6:s=320x240",
    "-c:v",
    "libvpx",
    "-b:v",
    "200k",
    "-g",
    "12",
    file,
  ]);
  await upload(page, house.url, [file]);
  await page.getByRole("link", { name: "Open film.webm" }).click();
  const video = page.locator("video");
  await expect.poll(() => video.evaluate((element) => element.readyState)).toBeGreaterThan(0);
  const part = page.waitForResponse((answer) => answer.url().includes("/media/") && answer.status() === 206);
  await page.reload();
  await part;
  await video.evaluate((element) => {
    element.currentTime = 4;
  });
  await expect.poll(() => video.evaluate((element) => !element.seeking && element.currentTime)).toBe(4);
});
