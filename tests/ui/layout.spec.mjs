// What pages look like at unusual sizes: half the width, a very wide screen, a phone, and paper.
import { expect, picture, register, song, test, uploadQuickly } from "./support.mjs";

test("names of artists and albums stay legible when text is twice as large", async ({ house, page }) => {
  await uploadQuickly(page, house.url, [song("Low Tide", "Harbour Lights", "Tides", 1)]);
  await page.setViewportSize({ width: 720, height: 450 });
  await page.goto(`${house.url}/audios`);
  const row = page.locator(".songs tbody tr");
  await expect(row).toHaveCount(1);
  expect((await row.boundingBox()).height).toBeLessThan(100);
  // In cells of their own or below the title, but never a letter in a line.
  for (const text of ["Harbour Lights", "Tides"]) {
    const shown = row.getByText(text, { exact: true }).filter({ visible: true });
    const { width, height } = await shown.first().boundingBox();
    expect(width, text).toBeGreaterThan(30);
    expect(height, text).toBeLessThan(70);
  }
});

test("photos fill a wide screen, and forms do not", async ({ house, page }) => {
  await uploadQuickly(
    page,
    house.url,
    [...Array(14).keys()].map((seed) => picture(seed)),
  );
  await page.setViewportSize({ width: 2560, height: 1300 });
  await page.goto(`${house.url}/photos?sort=name`);
  await expect(page.locator(".tile")).toHaveCount(14);
  const edges = await page.locator(".tile").evaluateAll((tiles) => tiles.map((tile) => tile.getBoundingClientRect().right));
  expect(Math.max(...edges)).toBeGreaterThan(2300);
  await page.goto(`${house.url}/account`);
  expect((await page.getByLabel("First name").boundingBox()).width).toBeLessThan(800);
});

test("a printed page shows photos without navigation", async ({ house, page }) => {
  await uploadQuickly(page, house.url, [picture(1)]);
  await page.goto(`${house.url}/photos`);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("link", { name: "picture 1.png" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeHidden();
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page.getByRole("button", { name: "View" })).toBeHidden();
});

test("the volume is kept when a page is loaded again", async ({ house, page }) => {
  await uploadQuickly(page, house.url, [song("Low Tide", "Harbour Lights", "Tides", 1)]);
  await page.goto(`${house.url}/audios`);
  await page.getByRole("button", { name: "Play Low Tide" }).first().click();
  const volume = page.locator('[data-part="volume"]');
  await volume.fill("0.3");
  await page.reload();
  await expect(volume).toHaveValue("0.3");
});

test("the page of a pending account opens when the account is approved", async ({ house, page, browser }) => {
  const context = await browser.newContext();
  const ada = await context.newPage();
  await ada.clock.install();
  await register(ada, house.url, "Ada", "Byron", "ada");
  await page.goto(`${house.url}/admin/users`);
  await page.getByRole("button", { name: "Approve" }).first().click();
  await expect(page.getByText("No pending requests.")).toBeVisible();
  await ada.clock.runFor(15_000);
  await ada.waitForURL("**/dashboard");
  await context.close();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true });

  test("everything that is tapped is 44 px high", async ({ house, page }) => {
    await uploadQuickly(page, house.url, [picture(1), picture(2), song("Low Tide", "Harbour Lights", "Tides", 1)]);
    for (const path of ["/dashboard", "/photos", "/favorites", "/music/albums", "/audios", "/uploads", "/map"]) {
      await page.goto(house.url + path);
      const small = await page.locator("main a, main button, main select, main summary").evaluateAll((all) =>
        all
          .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
          .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
          .filter(([, { width, height }]) => width > 2 && (height < 43.5 || width < 43.5))
          .map(([html, { width, height }]) => `${Math.round(width)} × ${Math.round(height)} ${html}`),
      );
      expect.soft(small, path).toEqual([]);
      const cut = await page
        .locator("main .chip, main .btn")
        .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent));
      expect.soft(cut, `${path}: labels that are wider than their frames`).toEqual([]);
    }
  });
});
