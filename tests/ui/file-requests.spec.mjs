// File requests: a visitor of a link sends files to an album, its owner accepts them, and the link ends.
import { expect, expectAccessible, noComplaints, picture, test, toast, uploadQuickly } from "./support.mjs";

test.use({ viewport: { width: 390, height: 844 } });

test("a visitor sends ten files to an album, with and without JavaScript", async ({ house, page, browser }) => {
  const checkComplaints = noComplaints(page);
  const { url } = house;
  await uploadQuickly(page, url, [picture(1)]);
  await page.goto(`${url}/photos`);
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await page.getByRole("button", { name: "Album", exact: true }).click();
  await page.getByLabel("New album").fill("Lisbon");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(toast(page, "1 item added to “Lisbon”")).toBeVisible();
  await page.goto(`${url}/albums`);
  await page.getByRole("link", { name: /Lisbon/ }).click();
  await page.getByRole("link", { name: "Share", exact: true }).click();
  await page.getByRole("link", { name: "Ask for files with a link" }).click();
  await expect(page.getByLabel(/Only send files/)).toBeChecked();
  await page.getByLabel(/Look at it and send files/).check();
  await expectAccessible(page, "the form of a file request");
  await page.getByRole("button", { name: "Create link" }).click();
  const address = await page.getByRole("textbox", { name: "Address", exact: true }).inputValue();
  const link = page.url();

  // Nine files are sent in the browser's queue, as resumable uploads.
  const visitors = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const visitor = await visitors.newPage();
  const checkVisitors = noComplaints(visitor);
  await visitor.goto(address);
  await visitor.getByRole("link", { name: "Send files" }).click();
  await expectAccessible(visitor, "the form for visitors");
  await visitor.getByLabel("Your name").fill("Aunt May");
  const nine = Array.from({ length: 9 }, (_, number) => picture(number + 2));
  await visitor.getByLabel("Choose files").setInputFiles(nine);
  await expect(visitor.locator("[data-queue-words]")).toHaveText("9 sent");
  await expect(visitor.getByRole("link", { name: /Open/ })).toHaveCount(0);
  await expectAccessible(visitor, "what a visitor has sent");
  await visitor.goto(address);
  await expect(visitor.locator("[data-gallery] [data-tile]")).toHaveCount(1);
  expect(await visitor.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

  // The tenth is sent by a form.
  const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false };
  const plain = await (await browser.newContext(phone)).newPage();
  await plain.goto(`${address}/upload`);
  await plain.getByLabel("Choose files").setInputFiles([picture(11)]);
  await plain.getByRole("button", { name: "Send" }).click();
  await expect(plain.getByText("Site Admin has 1 file from you.")).toBeVisible();
  await plain.getByRole("button", { name: "Send" }).click();
  await expect(plain.getByText("Choose a file first.")).toBeVisible();

  // The owner puts one into the trash and accepts the others.
  await page.goto(`${url}/notifications`);
  await page.getByRole("link", { name: /10 files received through “Lisbon”/ }).click();
  await expect(page.getByText("From Aunt May").first()).toBeVisible();
  await expectAccessible(page, "what was received");
  await page.getByLabel("Select picture 11.png").check({ force: true });
  await page.getByRole("button", { name: "Trash", exact: true }).click();
  await expect(toast(page, "1 item moved to trash")).toBeVisible();
  await page.getByRole("link", { name: "picture 10.png" }).click();
  const viewer = page.getByRole("dialog", { name: "Viewer" });
  await expect(viewer).toHaveAttribute("data-viewer", "open");
  await expectAccessible(page, "a received picture");
  await viewer.getByRole("button", { name: "More" }).click();
  for (const name of ["Move", "Favorite", "Add to album"])
    await expect(viewer.getByRole("button", { name, exact: true })).toHaveCount(0);
  await viewer.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(toast(page, "Accepted")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(viewer).toHaveCount(0);
  await page.getByRole("button", { name: "Accept all" }).click();
  await expect(toast(page, "8 files accepted")).toBeVisible();
  await expect(page.getByText("wait here until you accept them")).toBeVisible();
  await visitor.reload();
  await expect(visitor.locator("[data-gallery] [data-tile]")).toHaveCount(10);

  checkVisitors();
  await page.goto(link);
  await expect(page.getByText(/10 received of 1,000 files/)).toBeVisible();
  await page.getByRole("button", { name: "End link" }).click();
  await expect(page.getByText("This link cannot be opened any more.")).toBeVisible();
  await visitor.goto(`${address}/upload`);
  await expect(visitor.getByRole("heading", { name: "This link has ended" })).toBeVisible();
  checkComplaints();
  await visitors.close();
  await plain.context().close();
});
