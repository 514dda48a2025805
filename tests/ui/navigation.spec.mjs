// Pages that change without a reload: history, rejected forms, and the focus.
import { choose, expect, expectAccessible, noComplaints, openItem, picture, test, toast, uploadInTurn } from "./support.mjs";

test("a page restored by Back works like a new one", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2)]);
  await page.goto(`${house.url}/photos`);
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await openItem(page, "picture 2.png");
  await expect(page.getByRole("heading", { name: "picture 2.png" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("button", { name: "Clear", exact: true })).toBeHidden();
  await page.getByLabel("Select picture 2.png").check({ force: true });
  await expect(page.locator("[data-selection-count]")).toHaveText("1 selected");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(page.getByLabel("Select picture 2.png")).not.toBeChecked();

  await page.getByRole("link", { name: "Upload" }).first().click();
  await expect(page.getByRole("heading", { name: "Upload", exact: true })).toBeVisible();
  await choose(page, [picture(3)]);
  await page.getByRole("link", { name: "Open picture 3.png" }).click();
  await expect(page.getByRole("heading", { name: "picture 3.png" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Upload", exact: true })).toBeVisible();
  expect(await page.locator("#files").evaluate((input) => input.files.length)).toBe(0);
  await choose(page, [picture(4)]);
  await expect(page.locator("[data-queue-words]")).toHaveText("4 added");
  checkComplaints();
});

test("an error is shown and announced, and the colors stay", async ({ house, page }) => {
  await page.goto(`${house.url}/account`);
  await page.getByRole("main").getByRole("button", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.goto(`${house.url}/admin/users/1`);
  await page.locator("#access_level").selectOption("user");
  await page.locator('form[action$="/access-level"] button').click();
  await expect(page.getByRole("alert")).toHaveText("You can't remove the last admin.");
  await expect(page.getByRole("alert")).toBeFocused();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("a page that does not exist keeps the navigation of a user", async ({ house, page, browser }) => {
  await page.goto(`${house.url}/photos/nowhere`);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expect(page.getByRole("alert")).toBeFocused();
  expect(await page.getByRole("alert").evaluate((one) => getComputedStyle(one).outlineStyle)).toBe("none");
  await expectAccessible(page, "a page that does not exist");
  await page.getByRole("link", { name: "Music", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Music" })).toBeVisible();
  // Somebody who is not logged in sees the error alone.
  const visitor = await (await browser.newContext()).newPage();
  await visitor.goto(`${house.url}/photos/nowhere`);
  await expect(visitor.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expect(visitor.getByRole("navigation")).toHaveCount(0);
});

test("a rejected name stays in its field", async ({ house, page }) => {
  await page.goto(`${house.url}/uploads#new-folder`);
  await page.getByLabel("Folder name").fill("Summer/2026");
  await page.getByRole("button", { name: "Create folder" }).click();
  await expect(toast(page, "without /")).toBeVisible();
  await expect(page.getByLabel("Folder name")).toHaveValue("Summer/2026");
});

test("the focus is never lost, and messages are announced", async ({ house, page }) => {
  await uploadInTurn(page, house.url, [picture(1), picture(2), picture(3)]);
  await page.goto(`${house.url}/photos`);
  await openItem(page, "picture 2.png");
  await expect(page.getByRole("heading", { name: "picture 2.png" })).toBeFocused();
  await expect(page.locator("#live")).toContainText("picture 2.png");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
  await page.getByRole("link", { name: "picture 2.png" }).focus();
  await page.keyboard.press("Delete");
  await expect(toast(page, "1 item moved to trash")).toBeVisible();
  await expect(page.getByRole("link", { name: "picture 1.png" })).toBeFocused();
  await expect(page.locator("#live")).toContainText("1 item moved to trash");
  await page.keyboard.press("z");
  await expect(page.getByRole("img", { name: "picture 2.png" })).toBeVisible();
  // All tiles are one tab stop: from the first, Tab leads to its controls and then out of the shelf.
  await page.getByRole("link", { name: "picture 3.png" }).focus();
  for (let press = 0; press < 3; press += 1) await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement.closest("[data-tile]"))).toBe(null);
});
