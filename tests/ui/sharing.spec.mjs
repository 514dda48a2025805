// Sharing: two people fill an album from two devices, one of them on a phone without JavaScript.
import {
  expect,
  expectAccessible,
  letIn,
  letter,
  noComplaints,
  picture,
  test,
  toast,
  uploadQuickly,
} from "./support.mjs";

test("two people make an album together, and it ends for one of them", async ({ house, page, browser }) => {
  const checkComplaints = noComplaints(page);
  const { url } = house;
  const tom = await letIn(browser, page, url, { viewport: { width: 1280, height: 860 } });
  const checkOthers = noComplaints(tom);
  await uploadQuickly(page, url, [picture(1), picture(2)]);
  await page.goto(`${url}/photos`);
  for (const name of ["picture 1.png", "picture 2.png"]) await page.getByLabel(`Select ${name}`).check({ force: true });
  await page.getByRole("button", { name: "Album", exact: true }).click();
  await page.getByLabel("New album").fill("Lisbon");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(toast(page, "2 items added to “Lisbon”")).toBeVisible();

  // Shared in three steps: Share, the person, Share.
  await page.goto(`${url}/albums`);
  await page.getByRole("link", { name: /Lisbon/ }).click();
  await page.getByRole("link", { name: "Share", exact: true }).click();
  await expectAccessible(page, "the form that shares");
  await page.getByLabel(/Tom Baker/).check();
  await page.getByLabel(/Can add/).check();
  await page.getByRole("main").getByRole("button", { name: "Share" }).click();
  await expect(page.getByRole("heading", { name: "Who sees it" })).toBeVisible();
  await expectAccessible(page, "who sees it");

  // Tom is told, looks, and adds a photo of his own.
  await tom.goto(`${url}/dashboard`);
  await tom.getByRole("link", { name: /Notifications/ }).click();
  await expectAccessible(tom, "notifications");
  await tom.getByRole("link", { name: /shares “Lisbon” with you/ }).click();
  await expect(tom.locator("[data-gallery] [data-tile]")).toHaveCount(2);
  await expectAccessible(tom, "an album of somebody else");
  await tom.getByRole("link", { name: "picture 1.png" }).click();
  const viewer = tom.getByRole("dialog", { name: "Viewer" });
  await expect(viewer.getByRole("link", { name: "Download" })).toBeVisible();
  for (const name of ["Move to trash", "Move", "Favorite"])
    await expect(viewer.getByRole("button", { name, exact: true })).toBeHidden();
  await viewer.getByRole("button", { name: "Details" }).click();
  await expect(viewer.getByText("Site Admin")).toBeVisible();
  await tom.keyboard.press("Delete");
  await expect(tom.locator("[data-gallery] [data-tile]")).toHaveCount(2);
  await uploadQuickly(tom, url, [picture(3)]);
  await tom.goto(`${url}/photos`);
  await tom.getByLabel("Select picture 3.png").check({ force: true });
  await tom.getByRole("button", { name: "Album", exact: true }).click();
  await tom.getByLabel(/Lisbon.*by Site Admin/).check();
  await tom.getByRole("button", { name: "Add", exact: true }).click();
  await expect(toast(tom, "1 item added to “Lisbon”")).toBeVisible();

  // He says something about the album, and likes a picture.
  await tom.goto(`${url}/shared`);
  await tom.getByRole("link", { name: /Lisbon/ }).click();
  await tom.getByRole("link", { name: "Activity" }).click();
  await tom.getByLabel("Your comment").fill("What a trip!");
  await tom.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(tom.getByText("What a trip!", { exact: true })).toBeVisible();
  await expectAccessible(tom, "the activity of an album");
  await page.goto(`${url}/notifications`);
  await page.getByRole("link", { name: /Tom Baker commented on “Lisbon”/ }).click();
  await page.getByRole("button", { name: /Remove What a trip!/ }).click();
  await expect(toast(page, "Comment removed")).toBeVisible();
  await page.getByRole("link", { name: "Lisbon", exact: true }).click();
  const href = await page.getByRole("link", { name: "picture 1.png" }).getAttribute("href");
  await page.goto(`${url}${href}`);
  await page.getByRole("button", { name: "Like", exact: true }).click();
  await expect(page.getByRole("button", { name: "Like", exact: true })).toHaveAttribute("aria-pressed", "true");
  await expectAccessible(page, "comments on an item");

  // The owner sees it with his name, takes it out of the viewer's reach, and ends the sharing.
  await page.goto(`${url}/notifications`);
  await page.getByRole("link", { name: /Tom Baker added 1 item/ }).click();
  await expect(page.getByText("3 items by you, Tom Baker")).toBeVisible();
  await page.getByRole("link", { name: "picture 3.png" }).click();
  const own = page.getByRole("dialog", { name: "Viewer" });
  await expect(own.getByRole("button", { name: "Move to trash", exact: true })).toBeHidden();
  await page.goto(`${url}/shared?view=by-me`);
  await expectAccessible(page, "what is shared by me");
  await page.getByRole("button", { name: /End/ }).click();
  await expect(page.getByText("Nothing is shared yet.")).toBeVisible();
  await tom.goto(`${url}/shared`);
  await expect(tom.getByText("Albums, folders and photos that others share")).toBeVisible();
  await page.goto(`${url}/albums`);
  await expect(page.getByRole("link", { name: /Lisbon/ })).toHaveText(/2 items/);
  checkComplaints();
  checkOthers();
  await tom.context().close();
});

test.describe("on a phone without JavaScript", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("a group looks at an album and adds files to a folder", async ({ house, page, browser }) => {
    const { url } = house;
    const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false };
    const tom = await letIn(browser, page, url, phone);
    await uploadQuickly(page, url, [picture(1)]);
    await page.goto(`${url}/groups`);
    await page.locator("summary").filter({ hasText: "New group" }).click();
    await page.getByLabel("Name").fill("Family");
    await page.getByRole("button", { name: "Create" }).click();
    await expect(page.getByRole("heading", { name: "Family" })).toBeVisible();
    await page.getByLabel("Add a member").selectOption({ label: "Tom Baker (tom)" });
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await expect(page.locator(".row-name").filter({ hasText: "Tom Baker" })).toBeVisible();
    await expectAccessible(page, "a group");

    // A folder that the whole group adds to.
    await page.goto(`${url}/uploads`);
    await page.locator("summary").filter({ hasText: "New folder" }).click();
    await page.getByLabel("Folder name").fill("Recipes");
    await page.getByRole("button", { name: "Create folder" }).click();
    await expect(page.getByRole("heading", { name: "Recipes" })).toBeVisible();
    await page.getByRole("button", { name: "Folder", exact: true }).click();
    await page.getByRole("link", { name: "Share folder" }).click();
    await page.getByLabel("Family").check();
    await page.getByLabel(/Can add/).check();
    await page.getByRole("main").getByRole("button", { name: "Share" }).click();
    await expect(page.getByRole("heading", { name: "Who sees it" })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

    await tom.goto(`${url}/shared`);
    await tom.getByRole("link", { name: /Recipes/ }).click();
    await tom.getByRole("link", { name: "Upload here" }).click();
    await tom.getByLabel("Choose files").setInputFiles([letter]);
    await tom.getByRole("main").getByRole("button", { name: "Upload" }).click();
    await expect(tom.getByRole("link", { name: "letter.txt" })).toBeVisible();

    // Tom leaves it, and comes back.
    await tom.locator("summary").filter({ hasText: "Leave" }).click();
    await tom.locator("button").filter({ hasText: "Leave" }).click();
    await tom.goto(`${url}/shared?view=left`);
    await tom.getByRole("button", { name: /Come back/ }).click();
    await expect(tom.getByText("It is shared with you again.")).toBeVisible();
    await tom.goto(`${url}/shared`);
    await expect(tom.getByRole("link", { name: /Recipes/ })).toBeVisible();
    await tom.context().close();
  });
});

test.describe("with a link", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("a visitor looks at an album, with and without JavaScript, until it ends", async ({ house, page, browser }) => {
    const checkComplaints = noComplaints(page);
    const { url } = house;
    await uploadQuickly(page, url, [picture(1), picture(2)]);
    await page.goto(`${url}/photos`);
    for (const name of ["picture 1.png", "picture 2.png"])
      await page.getByLabel(`Select ${name}`).check({ force: true });
    await page.getByRole("button", { name: "Album", exact: true }).click();
    await page.getByLabel("New album").fill("Lisbon");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await expect(toast(page, "2 items added to “Lisbon”")).toBeVisible();

    // In three steps: Share, Create link, Copy.
    await page.goto(`${url}/albums`);
    await page.getByRole("link", { name: /Lisbon/ }).click();
    await page.getByRole("link", { name: "Share", exact: true }).click();
    await page.getByRole("button", { name: "Create link" }).click();
    await expect(page.getByRole("button", { name: "Copy" })).toBeVisible();
    await expectAccessible(page, "a link");
    const address = await page.getByRole("textbox", { name: "Address", exact: true }).inputValue();
    expect(address).toMatch(new RegExp(`^${url}/s/[A-Za-z0-9_-]{22}$`));
    await page.locator("summary").filter({ hasText: "QR code" }).click();
    const code = page.getByAltText("QR code with the address");
    await expect.poll(() => code.evaluate((image) => image.naturalWidth)).toBeGreaterThan(0);
    const link = page.url();

    const visitors = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const visitor = await visitors.newPage();
    const checkVisitors = noComplaints(visitor);
    await visitor.goto(address);
    await expect(visitor.getByRole("heading", { name: "Lisbon" })).toBeVisible();
    await expectAccessible(visitor, "a link for visitors");
    await visitor.getByRole("link", { name: "picture 1.png" }).click();
    const viewer = visitor.getByRole("dialog", { name: "Viewer" });
    await expect(viewer).toBeVisible();
    for (const name of ["Move to trash", "Move", "Favorite", "Add to album"])
      await expect(viewer.getByRole("button", { name, exact: true })).toBeHidden();
    await expect(viewer.getByRole("link", { name: "Download" })).toBeHidden();
    await visitor.keyboard.press("f");
    await visitor.keyboard.press("Delete");
    await visitor.keyboard.press("Escape");
    await expect(visitor.locator("[data-tile]")).toHaveCount(2);
    expect(await visitor.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);

    checkVisitors();
    await visitors.close();

    // From now on they can be downloaded, with a password.
    await page.getByLabel("Everything, with downloads").check();
    await page.getByLabel("Password", { exact: true }).fill("our summer in Lisbon");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(toast(page, "Link changed")).toBeVisible();
    const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false };
    const plain = await (await browser.newContext(phone)).newPage();
    await plain.goto(address);
    await plain.getByLabel("Password").fill("our summer in Porto");
    await plain.getByRole("button", { name: "Open" }).click();
    await expect(plain.getByText("That is not the password of this link.")).toBeVisible();
    await plain.getByLabel("Password").fill("our summer in Lisbon");
    await plain.getByRole("button", { name: "Open" }).click();
    await plain.getByLabel("Select picture 2.png").check({ force: true });
    const download = plain.waitForEvent("download");
    await plain.getByRole("button", { name: "Download", exact: true }).click();
    expect((await download).suggestedFilename()).toBe("Nexus.zip");
    await plain.getByRole("link", { name: "picture 1.png" }).click();
    await expect(plain.getByRole("link", { name: "Download" })).toBeVisible();

    await page.goto(link);
    await expect(page.getByText(/1 download/)).toBeVisible();
    await page.getByRole("button", { name: "End link" }).click();
    await expect(page.getByText("This link cannot be opened any more.")).toBeVisible();
    await plain.goto(address);
    await expect(plain.getByRole("heading", { name: "This link has ended" })).toBeVisible();
    await page.goto(`${url}/shared?view=links`);
    await expectAccessible(page, "the list of links");
    checkComplaints();
    await plain.context().close();
  });
});
