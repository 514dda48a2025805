// Languages: German for who asks for it, and the made-up ones, which show what is not translated or does not fit.
import { PASSWORD, expect, expectAccessible, letter, logIn, noComplaints, picture, test, uploadInTurn } from "./support.mjs";

const PAGES = [
  "/dashboard",
  "/photos",
  "/music",
  "/audios",
  "/uploads",
  "/favorites",
  "/recents",
  "/trash",
  "/upload",
  "/map",
  "/search?q=picture",
  "/account",
  "/account/sessions",
  "/account/tokens",
  "/account/storage",
  "/account/apps",
  "/admin/users",
  "/admin/users?status=active",
  "/admin/users/1",
  "/admin/users/new",
  "/admin/status",
  "/admin/storage",
  "/admin/findings",
  "/admin/audit",
];

test("a browser that prefers German gets German pages, and an account keeps its language", async ({ house, page: english, browser }) => {
  await uploadInTurn(english, house.url, [picture(1), letter]);
  const german = await browser.newContext({ locale: "de-AT" });
  const page = await german.newPage();
  await page.goto(`${house.url}/login`);
  await expect(page.getByRole("heading", { name: "Anmelden" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expectAccessible(page, "login in German");
  // Another language is chosen before login.
  await page.getByLabel("Sprache").selectOption("en");
  await page.getByRole("button", { name: "Ändern" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Benutzername oder E-Mail").fill("root");
  await page.getByLabel("Passwort", { exact: true }).fill("wrong password");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await expect(page.getByRole("alert")).toHaveText("Falscher Benutzername oder falsches Passwort.");
  await page.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.waitForURL("**/dashboard");
  const checkComplaints = noComplaints(page);
  await page.goto(`${house.url}/photos`);
  await expect(page.getByRole("heading", { name: "Fotos", exact: true })).toBeVisible();
  // Scripts have their texts, too.
  await page.getByLabel("picture 1.png auswählen").check({ force: true });
  await expect(page.locator("[data-selection-count]")).toHaveText("1 ausgewählt");

  // The account's language precedes that of the browser.
  await page.goto(`${house.url}/account`);
  await page.getByLabel("Seiten erscheinen auf").selectOption("en");
  await page.locator('form[action$="/account/language"] button').click();
  await expect(page.getByRole("heading", { name: "Account", exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  checkComplaints();
  await german.close();
});

for (const [locale, direction] of [
  ["en-XA", "ltr"],
  ["ar-XB", "rtl"],
]) {
  test(`in the made-up language ${locale} every text is translated, and fits`, async ({ house, browser }) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await logIn(page, house.url, "root");
    await context.addCookies([{ name: "nexus_language", value: locale, url: house.url }]);
    await page.goto(`${house.url}/dashboard`);
    await expect(page.locator("html")).toHaveAttribute("dir", direction);
    for (const path of PAGES) {
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.goto(house.url + path);
      const plain = await page.evaluate(() => {
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const text = walker.currentNode.data.trim();
          const parent = walker.currentNode.parentElement;
          // Names, values, keys and code are not translated.
          if (!/[A-Za-z]{3,}/.test(text) || parent.closest("script, template, kbd, code, select, [data-untranslated]")) continue;
          if (text.includes("[") || text.includes("]")) continue;
          found.push(text);
        }
        return found;
      });
      const names = /^(Nexus|root|Root Admin|Site Admin|picture \d\.png|letter\.txt|root@example\.org|.* (on|UTC) .*)$/;
      expect.soft(plain.filter((text) => !names.test(text)), path).toEqual([]);
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 780 });
        const sideways = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect.soft(sideways, `${path} at ${width} px`).toBeLessThanOrEqual(0);
      }
    }
    await context.close();
  });
}
