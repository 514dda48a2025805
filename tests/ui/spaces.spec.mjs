// Spaces: several people fill one library, each with what their level allows.
import { expect, expectAccessible, letIn, noComplaints, picture, test, toast, uploadQuickly } from "./support.mjs";

/** Creates a space on the page of spaces, and adds Tom with a level. */
async function createSpace(page, url, level) {
  await page.goto(`${url}/spaces`);
  await page.locator("summary").filter({ hasText: "New space" }).click();
  await page.getByLabel("Name").fill("Family");
  await page.getByRole("button", { name: "Create" }).click();
  await expect(toast(page, "Space created. Add its members here.")).toBeVisible();
  await page.getByLabel(/Tom Baker/).check();
  await page.getByLabel(level).check();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.locator(".row-name").filter({ hasText: "Tom Baker" })).toBeVisible();
}

const tiles = (page) => page.locator("[data-gallery] [data-tile]");

test("a family fills a space from two devices, and its own libraries stay apart", async ({ house, page, browser }) => {
  const checkComplaints = noComplaints(page);
  const { url } = house;
  const tom = await letIn(browser, page, url, { viewport: { width: 390, height: 844 } });
  const checkOthers = noComplaints(tom);
  await page.goto(`${url}/spaces`);
  await expectAccessible(page, "no spaces");
  await createSpace(page, url, /Can add/);
  await expectAccessible(page, "the members of a space");
  const members = page.url();

  // What is chosen in the space is sent to it, also after the page has changed to one's own library.
  await page.getByRole("link", { name: "Upload", exact: true }).click();
  await page.waitForURL("**/spaces/*/upload");
  await page.getByLabel("Choose files, or drop them here").setInputFiles([picture(1), picture(2)]);
  await page.getByRole("navigation", { name: "This space" }).getByRole("link", { name: "My library" }).click();
  await page.waitForURL("**/dashboard");
  await expect(page.locator("[data-queue-words]")).toHaveText("2 added");
  await page.goto(`${url}/photos`);
  await expect(page.getByText("No photos yet.")).toBeVisible();
  await page.goto(members.replace("/members", "/photos"));
  await expect(tiles(page)).toHaveCount(2);
  await expectAccessible(page, "photos of a space");

  // Tom, who may add, is told, looks, and adds one from the page of photos. He can change nothing else.
  await tom.goto(`${url}/notifications`);
  await tom.getByRole("link", { name: /Site Admin added 2 items to “Family”/ }).click();
  await tom.waitForURL("**/spaces/*/recents");
  await tom.goto(members.replace("/members", "/photos"));
  await expect(tiles(tom)).toHaveCount(2);
  await tom.getByRole("link", { name: "picture 1.png" }).click();
  const viewer = tom.getByRole("dialog", { name: "Viewer" });
  await viewer.getByRole("button", { name: "More" }).click();
  await expect(viewer.getByRole("link", { name: "Download" })).toBeVisible();
  for (const name of ["Move to trash", "Move", "Favorite", "Add to album"])
    await expect(viewer.getByRole("button", { name, exact: true })).toHaveCount(0);
  await tom.keyboard.press("Escape");
  await tom.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 40 });
    canvas.getContext("2d").fillRect(0, 0, 30, 40);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([blob], "dropped.png", { type: "image/png" }));
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  });
  await expect(tom.locator("[data-queue-words]")).toHaveText("1 added");
  await tom.reload();
  await expect(tiles(tom)).toHaveCount(3);
  await expectAccessible(tom, "photos of a space on a phone");

  // The manager sorts: a favorite, an album, the trash; all of it stays in the space.
  await page.reload();
  await page.getByRole("button", { name: "Favorite picture 1.png" }).click();
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await page.getByRole("button", { name: "Album", exact: true }).click();
  await page.getByLabel("New album").fill("Lisbon");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(toast(page, "1 item added to “Lisbon”")).toBeVisible();
  await page.getByRole("link", { name: "Favorites", exact: true }).click();
  await page.waitForURL("**/spaces/*/favorites");
  await expect(tiles(page)).toHaveCount(1);
  await page.getByRole("link", { name: "picture 1.png" }).click();
  await page.getByRole("dialog", { name: "Viewer" }).getByRole("button", { name: "Move to trash", exact: true }).click();
  await expect(toast(page, "Moved to trash")).toBeVisible();
  await page.goto(`${url}/albums`);
  await expect(page.getByText("No albums yet")).toBeVisible();

  // Removed, he sees nothing of it any more.
  await page.goto(members);
  await page.getByRole("button", { name: "Remove Tom Baker" }).click();
  await expect(toast(page, "Member removed")).toBeVisible();
  expect((await tom.goto(members.replace("/members", "/photos"))).status()).toBe(404);
  checkComplaints();
  await tom.context().close();
  void checkOthers;
});

test("a viewer uses a space on a phone without JavaScript", async ({ house, page, browser }) => {
  const { url } = house;
  const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false };
  const tom = await letIn(browser, page, url, phone);
  await createSpace(page, url, /Can view/);
  const space = page.url().replace("/members", "");
  await page.goto(`${space}/upload`);
  await page.getByLabel("Choose files, or drop them here").setInputFiles([picture(1)]);
  await expect(page.locator("[data-queue-words]")).toHaveText("1 added");
  await uploadQuickly(page, url, [picture(2)]);

  await tom.goto(`${url}/spaces`);
  await tom.getByRole("link", { name: "Family", exact: true }).click();
  await expect(tiles(tom)).toHaveCount(1);
  await expect(tom.getByRole("link", { name: "Upload", exact: true })).toHaveCount(0);
  await tom.getByRole("link", { name: "picture 1.png" }).click();
  await expect(tom.getByRole("link", { name: "Download" })).toBeVisible();
  await expect(tom.getByRole("button", { name: "Move to trash" })).toHaveCount(0);
  await tom.getByRole("searchbox", { name: "Search Family" }).fill("picture");
  await tom.getByRole("searchbox", { name: "Search Family" }).press("Enter");
  await expect(tom.getByRole("link", { name: "picture 1.png" })).toBeVisible();
  expect((await tom.goto(`${space}/upload`)).status()).toBe(403);
  await expect(tom.getByText("You may not do this in this library.")).toBeVisible();
  await tom.goto(`${space}/members`);
  await tom.locator("summary").filter({ hasText: "Leave space" }).click();
  await tom.getByRole("button", { name: "Leave", exact: true }).click();
  await expect(tom.getByText("You have left the space")).toBeVisible();
  await tom.goto(`${url}/shared?view=left`);
  await tom.getByRole("button", { name: "Come back Family" }).click();
  await tom.goto(`${url}/shared`);
  await tom.getByRole("link", { name: /Family/ }).click();
  await expect(tiles(tom)).toHaveCount(1);
  await tom.context().close();
});

test("a partner's photos are looked at among one's own", async ({ house, page, browser }) => {
  const { url } = house;
  const tom = await letIn(browser, page, url, { viewport: { width: 1280, height: 860 } });
  const checkComplaints = noComplaints(tom);
  await uploadQuickly(page, url, [picture(1), picture(2)]);
  await page.goto(`${url}/shared`);
  await page.getByRole("link", { name: "Share your library" }).click();
  await expectAccessible(page, "the form that shares a library");
  await page.getByLabel(/Tom Baker/).check();
  await page.getByRole("main").getByRole("button", { name: "Share" }).click();
  await expect(page.getByRole("heading", { name: "Who sees it" })).toBeVisible();

  await tom.goto(`${url}/photos`);
  await uploadQuickly(tom, url, [picture(3)]);
  await tom.goto(`${url}/notifications`);
  await tom.getByRole("link", { name: /shares “Library of Site Admin” with you/ }).click();
  await tom.waitForURL("**/libraries/*/photos");
  await expectAccessible(tom, "the library of somebody else");
  await tom.getByRole("button", { name: "Show in my photos" }).click();
  await expect(toast(tom, "These photos are among yours now")).toBeVisible();
  await tom.goto(`${url}/photos`);
  await expect(tiles(tom)).toHaveCount(3);
  await expectAccessible(tom, "photos with those of a partner");

  // In the viewer, only one's own can be put anywhere else.
  await tom.getByRole("link", { name: "picture 3.png" }).click();
  const viewer = tom.getByRole("dialog", { name: "Viewer" });
  await expect(viewer.getByRole("button", { name: "Move to trash", exact: true })).toBeVisible();
  await viewer.getByRole("button", { name: "Next", exact: true }).click();
  await expect(viewer.getByText("2 of 3")).toBeVisible();
  await expect(viewer.getByRole("button", { name: "Move to trash", exact: true })).toBeHidden();
  await expect(viewer.getByRole("link", { name: "Download" })).toBeVisible();
  await expect(tom.getByLabel(/^Select picture/)).toHaveCount(1);
  checkComplaints();
  await tom.context().close();
});
