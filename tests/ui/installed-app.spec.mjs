// As an installed app: manifest, service worker, offline page, shared files.
import { expect, expectAccessible, picture, test, toast, uploadQuickly } from "./support.mjs";

test.use({ serviceWorkers: "allow" });

const isControlled = (page) =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active.state;
  });

test("the manifest can be installed, and its icons exist", async ({ house, page }) => {
  await page.goto(`${house.url}/dashboard`);
  const devtools = await page.context().newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data);
  const base = new URL(house.url).pathname.replace(/\/$/, "");
  expect(manifest.scope).toBe(`${base}/`);
  for (const { src, sizes } of manifest.icons) {
    const icon = await page.request.get(new URL(src, house.url).href);
    expect(icon.status(), src).toBe(200);
    expect((await icon.body()).readUInt32BE(16), "its width").toBe(Number(sizes.split("x")[0]));
  }
  expect(await isControlled(page)).toBe("activated");
  const problems = await devtools.send("Page.getInstallabilityErrors");
  // A window of a test is like a private one.
  expect(problems.installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
  for (const path of ["/favicon.ico", "/apple-touch-icon.png"]) {
    expect((await page.request.get(house.url + path)).headers()["content-type"]).toBe("image/png");
  }
});

test("without a connection a page of the program is shown, and nothing of a user is kept", async ({ house, page }) => {
  await uploadQuickly(page, house.url, [picture(1), picture(2)]);
  await page.goto(`${house.url}/photos`);
  await isControlled(page);
  await page.reload();
  for (const path of ["/dashboard", "/photos", "/uploads", "/account"]) await page.goto(house.url + path);
  const names = await page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
    }
    return found;
  });
  const base = new URL(house.url).pathname.replace(/\/$/, "");
  expect(names.filter((name) => !name.startsWith(`${base}/static/`))).toEqual([`${base}/offline`]);

  await page.context().setOffline(true);
  // A link keeps the page; an address that is opened shows the page of the program.
  await page.getByRole("link", { name: "Photos" }).first().click();
  await expect(toast(page, "No connection")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Account", exact: true })).toBeVisible();
  await page.goto(`${house.url}/photos`);
  await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
  await expectAccessible(page, "no connection");
  await page.context().setOffline(false);
  await page.getByRole("link", { name: "Try again" }).click();
  await page.waitForURL("**/dashboard");
});

test("files that are chosen without a connection are sent when it is back", async ({ house, page }) => {
  await page.goto(`${house.url}/dashboard`);
  await isControlled(page);
  const loaded = page.waitForResponse((answer) => answer.url().endsWith("/tus.js"));
  await page.reload();
  await loaded;
  await page.context().setOffline(true);
  await page.getByLabel("Drop photos, videos, music or any file here").setInputFiles([picture(3)]);
  await expect(page.locator("[data-transfer]")).toContainText("Waiting for network");
  const other = await page.context().newPage();
  await other.goto(`${house.url}/photos`);
  await expect(other.getByRole("heading", { name: "Waiting on this device" })).toBeVisible();
  await expect(other.getByText("picture 3.png")).toBeVisible();
  await other.close();
  await page.context().setOffline(false);
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.locator("[data-transfer]")).toContainText("Done", { timeout: 30_000 });
});

test("files that another app shares are in the queue", async ({ house, page }) => {
  await page.goto(`${house.url}/dashboard`);
  await isControlled(page);
  await page.reload();
  await page.evaluate(() => {
    const form = document.createElement("form");
    form.method = "post";
    form.enctype = "multipart/form-data";
    form.action = `${document.documentElement.dataset.root}shared-in`;
    const input = Object.assign(document.createElement("input"), { type: "file", name: "files", multiple: true });
    const shared = new DataTransfer();
    for (const name of ["one.txt", "two.txt"]) shared.items.add(new File([`text of ${name}`], name));
    input.files = shared.files;
    form.append(input);
    document.body.append(form);
    form.submit();
  });
  await page.waitForURL("**/upload");
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added");
  // They are taken once: after a reload they are listed as sent, and not sent again.
  await page.reload();
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added");
  await expect(page.locator("[data-transfer]")).toHaveCount(2);
});
