// Every page and state: axe in both themes, no sideways scrolling at 320 px, nothing the browser complains about.
import { expect, expectAccessible, letter, logIn, noComplaints, picture, register, test, upload } from "./support.mjs";

test("axe finds nothing, and no page scrolls horizontally", async ({ house, page, browser }) => {
  test.setTimeout(300_000);
  const checkComplaints = noComplaints(page);
  await expectAccessible(page, "an empty dashboard");
  await upload(page, house.url, [picture(1), picture(2), picture(3), letter]);
  await upload(page, house.url, [picture(1)]);
  await expectAccessible(page, "a queue");
  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await logIn(plain, house.url, "root");
  await upload(plain, house.url, [picture(1)]);
  const result = plain.url();
  await plain.context().close();
  await page.goto(`${house.url}/photos`);
  await page.getByRole("button", { name: "Favorite picture 1.png" }).click();
  const item = await page.getByRole("link", { name: "picture 2.png" }).getAttribute("href");
  const trashed = await page.getByRole("link", { name: "picture 3.png" }).getAttribute("href");
  await page.goto(house.url + trashed);
  await page.getByRole("button", { name: "Move to trash" }).click();
  await page.goto(`${house.url}/uploads`);
  const file = await page.getByRole("link", { name: "letter.txt" }).getAttribute("href");
  await page.goto(`${house.url}/uploads#new-folder`);
  await page.getByLabel("Folder name").fill("Holidays");
  await page.getByRole("button", { name: "Create folder" }).click();
  await page.waitForURL("**/directories/*");
  const directory = new URL(page.url()).pathname;

  const others = await browser.newContext();
  const stranger = await others.newPage();
  await register(stranger, house.url, "Ada", "Lovelace", "ada");

  const signedIn = [
    "/dashboard",
    "/photos",
    "/videos",
    "/audios",
    "/uploads",
    "/favorites",
    "/recents",
    "/trash",
    "/trash/empty",
    "/upload",
    new URL(result).pathname,
    item,
    trashed,
    file,
    directory,
    `${directory}/delete`,
    "/search",
    "/search?q=picture",
    "/search?q=nothing",
    "/account",
    "/account/sessions",
    "/account/tokens",
    "/api/docs",
    "/admin/users",
    "/admin/users?status=active",
    "/admin/users?status=suspended",
    "/admin/users/1",
    "/admin/users/2",
    "/admin/status",
    "/admin/users/new",
    "/music",
    "/music/artists",
    "/map",
    "/account/storage",
    "/account/apps",
    "/admin/storage",
  ];
  for (const theme of ["light", "dark"]) {
    await page.goto(`${house.url}/account`);
    await page.locator(`main [name="theme"][value="${theme}"]`).click();
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    for (const path of signedIn) {
      await page.setViewportSize({ width: 1280, height: 860 });
      await page.goto(house.url + path);
      await expectAccessible(page, `${path}, ${theme}`);
      await page.setViewportSize({ width: 320, height: 640 });
      const sideways = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect.soft(sideways, `${path} at 320 px`).toBeLessThanOrEqual(0);
      await expectAccessible(page, `${path}, ${theme}, 320 px`);
    }
    await page.getByText("More", { exact: true }).click();
    await expectAccessible(page, `the sheet behind More, ${theme}`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.goto(`${house.url}/photos`);
    await page.getByLabel("Select picture 1.png").check({ force: true });
    await page.locator(".head .menu summary").click();
    await expectAccessible(page, `a selection and the open menu, ${theme}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await expectAccessible(page, `the keys, ${theme}`);
  }
  checkComplaints();

  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme });
    const gate = await context.newPage();
    for (const path of ["/login", "/register", "/recover", "/nothing", "/offline"]) {
      await gate.goto(house.url + path);
      await expectAccessible(gate, `${path}, ${colorScheme}`);
    }
    await gate.goto(`${house.url}/login`);
    await gate.getByLabel("Username or email").fill("root");
    await gate.getByLabel("Password", { exact: true }).fill("wrong password");
    await gate.getByRole("button", { name: "Log in" }).click();
    await expect(gate.getByRole("alert")).toBeVisible();
    await expectAccessible(gate, `a wrong password, ${colorScheme}`);
    await gate.goto(`${house.url}/register`);
    await gate.locator("form.stack").evaluate((form) => {
      form.noValidate = true;
    });
    await gate.getByRole("button", { name: "Send request" }).click();
    await expect(gate.getByRole("alert")).toBeFocused();
    await expectAccessible(gate, `wrong fields, ${colorScheme}`);
    await gate.setViewportSize({ width: 320, height: 640 });
    const sideways = await gate.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect.soft(sideways, "/register at 320 px").toBeLessThanOrEqual(0);
    await context.close();
  }
  await expectAccessible(stranger, "waiting");
  await others.close();
});

test("the setup page is accessible", async ({ server, page }) => {
  await page.goto(await server.setup);
  await expectAccessible(page, "setup");
});

test("the first load is small", async ({ house, browser }) => {
  const sizes = {};
  for (const [what, path, limit] of [
    ["login", "/login", 40_000],
    ["dashboard", "/dashboard", 90_000],
    ["photos", "/photos", 90_000],
    ["upload", "/upload", 90_000],
  ]) {
    const context = await browser.newContext();
    const fresh = await context.newPage();
    if (what !== "login") await logIn(fresh, house.url, "root");
    const cdp = await context.newCDPSession(fresh);
    await cdp.send("Network.enable");
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    let bytes = 0;
    cdp.on("Network.loadingFinished", (event) => {
      bytes += event.encodedDataLength;
    });
    await fresh.goto(house.url + path, { waitUntil: "networkidle" });
    sizes[what] = bytes;
    expect(bytes, what).toBeLessThanOrEqual(limit);
    await context.close();
  }
  console.log("bytes of a first load:", sizes);
});
