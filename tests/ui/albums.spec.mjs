// Albums: from the grid, the viewer, an item's page and the list of uploads; on a phone and without JavaScript.
import {
  choose,
  expect,
  expectAccessible,
  letter,
  noComplaints,
  picture,
  song,
  test,
  toast,
  uploadInTurn,
  uploadQuickly,
} from "./support.mjs";

const add = async (page, name) => {
  await page.getByLabel("New album").fill(name);
  await page.getByRole("button", { name: "Add", exact: true }).click();
};

test("photos are put into albums in one step from wherever they are seen", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2), picture(3)]);
  await page.goto(`${house.url}/albums`);
  await expect(page.getByText("No albums yet.")).toBeVisible();
  await expectAccessible(page, "no albums");
  await page.goto(`${house.url}/photos`);
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await page.getByLabel("Select picture 2.png").check({ force: true });
  await page.getByRole("button", { name: "Album", exact: true }).click();
  await expectAccessible(page, "adding to an album");
  await add(page, "Lisbon");
  await expect(toast(page, "2 items added to “Lisbon”")).toBeVisible();

  // From the viewer, and a second time.
  for (const said of ["1 item added to “Lisbon”", "Already in “Lisbon”"]) {
    await page.getByRole("link", { name: "picture 3.png" }).click();
    const viewer = page.getByRole("dialog", { name: "Viewer" });
    await viewer.getByRole("button", { name: "Add to album" }).click();
    await page.getByLabel("Lisbon").check();
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await expect(toast(page, said)).toBeVisible();
    if (await viewer.isVisible()) await page.keyboard.press("Escape");
    await page.goto(`${house.url}/photos`);
  }

  // From the list of uploads.
  await page.goto(`${house.url}/upload`);
  await choose(page, [letter]);
  await page.locator("[data-queue]").getByRole("button", { name: "Add to album" }).click();
  await add(page, "Letters");
  await expect(toast(page, "4 items added to “Letters”")).toBeVisible();
  await page.goto(`${house.url}/albums`);
  await expect(page.locator("a.album")).toHaveText([/Letters\s*4 items/, /Lisbon\s*3 items/]);
  await expectAccessible(page, "albums");

  await page.getByRole("link", { name: /Lisbon/ }).click();
  await expect(page.locator("[data-gallery] [data-tile]")).toHaveCount(3);
  await page.locator("summary").filter({ hasText: "Album" }).click();
  await page.getByLabel("Description").fill("A week by the sea\nwith Ada");
  await page.getByRole("combobox", { name: "Order" }).selectOption({ label: "By name" });
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".album-description")).toHaveText(/A week by the sea/);
  await expectAccessible(page, "an album");
  const names = () => page.locator("[data-tile] .tile-link").evaluateAll((all) => all.map((one) => one.dataset.name));
  expect(await names()).toEqual(["picture 1.png", "picture 2.png", "picture 3.png"]);

  // What is removed stays in the library.
  await page.getByLabel("Select picture 2.png").check({ force: true });
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(toast(page, "1 item removed from the album")).toBeVisible();
  await expect(page.locator("[data-gallery] [data-tile]")).toHaveCount(2);
  await page.goto(`${house.url}/photos`);
  await expect(page.getByRole("link", { name: "picture 2.png" })).toBeVisible();
  checkComplaints();
});

test.describe("on a phone without JavaScript", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("an album is made, arranged, and deleted", async ({ house, page, browser }) => {
    await uploadQuickly(page, house.url, [picture(1), picture(2), song("Low Tide", "Harbour Lights", "Tides", 1)]);
    const storageState = await page.context().storageState();
    const size = { width: 390, height: 844 };
    const context = await browser.newContext({ javaScriptEnabled: false, storageState, viewport: size });
    const plain = await context.newPage();
    await plain.goto(`${house.url}/photos`);
    await plain.getByLabel("Select picture 1.png").check({ force: true });
    await plain.getByLabel("Select picture 2.png").check({ force: true });
    await plain.getByRole("button", { name: "Album", exact: true }).click();
    await add(plain, "Spring");
    await plain.goto(`${house.url}/albums`);
    await plain.getByRole("link", { name: /Spring/ }).click();
    await plain.locator("summary").filter({ hasText: "Album" }).click();
    await plain.getByRole("link", { name: "Arrange and choose a cover" }).click();
    const rows = plain.locator(".arrange li");
    const [first, second] = await rows.locator("b").allTextContents();
    await plain.getByRole("button", { name: `${second}: up` }).click();
    await expect(rows.locator("b")).toHaveText([second, first]);
    await plain.getByRole("button", { name: `Use as cover ${first}` }).click();
    await expect(rows.filter({ hasText: first }).getByText("Cover", { exact: true })).toBeVisible();
    const wide = await plain.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
    await plain.getByRole("link", { name: "Spring" }).click();
    await plain.locator("summary").filter({ hasText: "Album" }).click();
    await plain.getByRole("link", { name: "Delete album" }).click();
    await plain.getByRole("button", { name: "Delete album" }).click();
    await expect(plain.getByText("Album deleted. Its items are still in your library.")).toBeVisible();

    await plain.goto(`${house.url}/audios`);
    await plain.getByLabel("Select Low Tide").check({ force: true });
    await plain.getByRole("button", { name: "Album", exact: true }).click();
    await plain.getByLabel("Playlist, for music only").check();
    await add(plain, "Evening");
    await plain.goto(`${house.url}/albums?kind=playlist`);
    await plain.getByRole("link", { name: /Evening/ }).click();
    await expect(plain.getByText("Playlist · 1 song")).toBeVisible();
    await expect(plain.getByRole("link", { name: "Low Tide" })).toBeVisible();
    await context.close();
  });
});
