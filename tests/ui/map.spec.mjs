// The map of photos.
import { expect, expectAccessible, noComplaints, picture, test, upload, waitUntilRead } from "./support.mjs";

/** Says where a photo was taken, on its page. */
async function place(page, url, name, position) {
  await page.goto(`${url}/photos`);
  await page.goto(await page.getByRole("link", { name }).first().evaluate((link) => link.href));
  await page.getByLabel("Place", { exact: true }).fill(position);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("link", { name: /, (Portugal|Austria)/ })).toBeVisible();
}

test("the map shows photos where they were taken, and leads to a list of them", async ({ house, page, browser }) => {
  const checkComplaints = noComplaints(page);
  await upload(page, house.url, [picture(1), picture(2), picture(3)]);
  await waitUntilRead(page, house.url);
  await page.goto(`${house.url}/map`);
  await expect(page.getByText("No photos with a place yet.")).toBeVisible();
  await place(page, house.url, "picture 1.png", "38.69160, -9.21600");
  await place(page, house.url, "picture 2.png", "38.71200, -9.13000");
  await place(page, house.url, "picture 3.png", "48.20830, 16.37000");
  // The name of the place leads to the map, to where the photo was taken.
  await page.getByRole("link", { name: "Vienna, Austria" }).click();
  await expect(page).toHaveURL(/\/map\?at=48\.2/);
  await expect(page.getByRole("link", { name: "1 item in this area" })).toBeVisible();

  await page.goto(`${house.url}/photos`);
  await page.getByRole("link", { name: "Map" }).click();
  await expect(page.getByRole("link", { name: "3 items in this area" })).toBeVisible();
  await expect(page.getByRole("link", { name: "2 items near Lisbon, Portugal" })).toBeVisible();
  await expectAccessible(page, "map");
  await page.getByRole("link", { name: "2 items near Lisbon, Portugal" }).click();
  await expect(page.getByRole("link", { name: "2 items in this area" })).toBeVisible();
  await expect(page).toHaveURL(/at=38\.7/);
  await expect(page.locator(".pin")).toHaveCount(2);
  await page.getByRole("link", { name: "2 items in this area" }).click();
  await expect(page.getByRole("link", { name: "picture 1.png" })).toBeVisible();
  await expect(page.getByRole("link", { name: "picture 3.png" })).toBeHidden();
  await page.goBack();
  await expect(page.locator(".pin")).toHaveCount(2);

  // By keyboard: smaller until Vienna is on the map.
  await page.getByRole("application").focus();
  for (let step = 0; step < 9; step += 1) await page.keyboard.press("-");
  await expect(page.getByRole("link", { name: "3 items in this area" })).toBeVisible();
  checkComplaints();

  const storageState = await page.context().storageState();
  const plain = await (await browser.newContext({ javaScriptEnabled: false, storageState })).newPage();
  await plain.goto(`${house.url}/map`);
  await expect(plain.getByRole("link", { name: "Lisbon 2" })).toBeVisible();
  await plain.locator("[data-map-image] a").first().click();
  await expect(plain.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
});
