// The grid, the viewer, videos, and the player that continues while pages change.
import {
  expect,
  expectAccessible,
  film,
  logIn,
  made,
  noComplaints,
  picture,
  song,
  test,
  uploadQuickly,
} from "./support.mjs";

const H264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];

test("previews appear on the page by themselves once rendered", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await page.goto(`${house.url}/photos`);
  const token = await page.locator('meta[name="csrf-token"]').getAttribute("content");
  for (let seed = 1; seed <= 6; seed += 1) {
    await page.request.post(`${house.url}/api/media/upload`, {
      headers: { "X-CSRF-Token": token },
      multipart: { file: picture(seed) },
    });
  }
  await page.goto(`${house.url}/photos`);
  // They wait in a strip of their own until their dates are known, and then announce themselves.
  await expect(async () => {
    const pill = page.getByRole("button", { name: /new · Show/ });
    if (await pill.isVisible()) await pill.click();
    await expect(page.locator("[data-gallery] [data-tile] img")).toHaveCount(6, { timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await expect(page.locator("[data-waiting]")).toHaveCount(0);
  const shown = await page
    .locator("[data-tile] img")
    .first()
    .evaluate((image) => image.decode().then(() => image.naturalWidth));
  expect(shown).toBeGreaterThan(0);
  checkComplaints();
});

test("the viewer steps through photos by keyboard and returns the focus", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadQuickly(page, house.url, [picture(1), picture(2), picture(3), film("film.mp4", "video/mp4", H264)]);
  await page.goto(`${house.url}/recents`);
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.getByRole("link", { name: "picture 3.png" }).focus();
    await page.keyboard.press("Enter");
    const viewer = page.getByRole("dialog", { name: "Viewer" });
    await expect(viewer).toBeVisible();
    await expect(viewer).toHaveAttribute("aria-modal", "true");
    expect(await viewer.evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true);
    await expect(viewer.locator(".pswp__name span")).toHaveText("picture 3.png");
    await page.keyboard.press("ArrowRight");
    await expect(viewer.locator(".pswp__name span")).toHaveText("picture 2.png");
    await expect(page.locator("#live")).toContainText("picture 2.png, 3 of 4");
    await expectAccessible(page, `the viewer, ${theme}`);
    await page.keyboard.press("Home");
    await expect(viewer.locator(".pswp__name span")).toHaveText("film.mp4");
    await expect(viewer.locator("video")).toBeVisible();
    await page.keyboard.press("End");
    await expect(viewer.locator(".pswp__name span")).toHaveText("picture 1.png");
    await page.keyboard.press("Escape");
    await expect(viewer).toBeHidden();
    await expect(page.getByRole("link", { name: "picture 1.png" })).toBeFocused();
  }
  // Back closes the viewer and stays on the page; two clicks open one viewer.
  await page.getByRole("link", { name: "picture 2.png" }).dblclick();
  await expect(page.getByRole("dialog", { name: "Viewer" })).toHaveCount(1);
  await page.goBack();
  await expect(page.getByRole("dialog", { name: "Viewer" })).toHaveCount(0);
  await expect(page).toHaveURL(`${house.url}/recents`);
  await expect(page.getByRole("link", { name: "picture 2.png" })).toBeFocused();
  await page.getByRole("link", { name: "picture 1.png" }).click();
  await page.keyboard.press("f");
  await expect(page.getByRole("button", { name: "Favorite", exact: true })).toHaveAttribute("aria-pressed", "true");
  // The details are a panel, and end with the page of the item.
  await page.keyboard.press("i");
  await expect(page.getByRole("complementary", { name: "Details" })).toContainText("Dimensions");
  await expectAccessible(page, "the details in the viewer");
  await page.getByRole("link", { name: "Open page to edit" }).click();
  await expect(page.getByRole("heading", { name: "picture 1.png" })).toBeVisible();
  await expect(page.locator("[data-item] [data-star]")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("dialog", { name: "Viewer" })).toBeHidden();
  checkComplaints();
});

test("music keeps playing across pages, with a queue and media keys", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadQuickly(page, house.url, [
    song("One", "Mara Quell", "Tidewater", 1),
    song("Two", "Mara Quell", "Tidewater", 2),
    song("Three", "Oskar Lind", "Trains", 1),
  ]);
  await page.goto(`${house.url}/music`);
  await expectAccessible(page, "albums");
  await page.getByRole("link", { name: "Tidewater" }).click();
  await expectAccessible(page, "an album");
  await page.getByRole("button", { name: "Play all" }).click();
  const player = page.getByRole("region", { name: "Player" });
  await expect(player.getByRole("link", { name: "One" })).toBeVisible();
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect(player.locator('[data-part="length"]')).toHaveText("0:20");
  const said = () =>
    page.evaluate(
      () =>
        navigator.mediaSession.metadata && [
          navigator.mediaSession.metadata.title,
          navigator.mediaSession.metadata.artist,
          navigator.mediaSession.metadata.album,
        ],
    );
  expect(await said()).toEqual(["One", "Mara Quell", "Tidewater"]);
  const position = () => player.getByRole("slider", { name: "Position" }).evaluate((slider) => Number(slider.value));
  await expect.poll(position).toBeGreaterThan(0);
  await page.getByRole("link", { name: "Photos" }).first().click();
  await expect(page.getByRole("heading", { name: "Photos", exact: true })).toBeVisible();
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
  const before = await position();
  await expect.poll(position).toBeGreaterThan(before);
  await expectAccessible(page, "the player");
  await page.setViewportSize({ width: 320, height: 640 });
  await expectAccessible(page, "the player, 320 px");
  expect(await page.locator("nav.rail").evaluate((rail) => rail.getBoundingClientRect().height)).toBeLessThan(100);
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.keyboard.press("Shift+ArrowRight");
  await expect(player.getByRole("link", { name: "Two" })).toBeVisible();
  await page.goto(`${house.url}/audios`);
  await expect(player.getByRole("link", { name: "Two" })).toBeVisible();
  await page.getByRole("button", { name: "Add Three to queue" }).click();
  await player.getByRole("button", { name: "Queue" }).click();
  await expect(player.getByRole("listitem")).toHaveCount(3);
  await expectAccessible(page, "the queue of music");
  const titles = player.locator(".queue-song");
  await expect(titles).toHaveText(["One · Mara Quell", "Two · Mara Quell", "Three · Oskar Lind"]);
  // By keyboard and by dragging.
  await player.getByRole("button", { name: /Move Three/ }).focus();
  await page.keyboard.press("ArrowUp");
  await expect(titles).toHaveText(["One · Mara Quell", "Three · Oskar Lind", "Two · Mara Quell"]);
  await expect(player.getByRole("button", { name: /Move Three/ })).toBeFocused();
  const handle = player.getByRole("button", { name: /Move Two/ });
  await handle.hover();
  await page.mouse.down();
  const top = await player.getByRole("listitem").first().boundingBox();
  await page.mouse.move(top.x + 20, top.y + 2, { steps: 5 });
  await page.mouse.up();
  await expect(titles).toHaveText(["Two · Mara Quell", "One · Mara Quell", "Three · Oskar Lind"]);
  await expect(player.locator("[aria-current]")).toHaveText("Two · Mara Quell");
  await player.getByRole("button", { name: "Remove One from queue" }).click();
  await expect(player.getByRole("listitem")).toHaveCount(2);
  await player.getByRole("button", { name: "Close player" }).click();
  await expect(player).toBeHidden();
  await page.getByRole("button", { name: "Play One", exact: true }).focus();
  await page.keyboard.press("Enter");
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.locator("h1").click();
  await page.keyboard.press("Space");
  await expect(player.getByRole("button", { name: "Play", exact: true })).toBeVisible();
  checkComplaints();
  // It also continues on an error page.
  await page.keyboard.press("Space");
  await page.evaluate(() => window.Turbo.visit(`${document.documentElement.dataset.root}items/nonesuch`));
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Home" }).click();
  await expect(page.getByRole("heading", { name: /Welcome/ })).toBeVisible();
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
});

test("one song follows another without a pause, and the player fills the screen of a phone", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadQuickly(page, house.url, [
    song("One", "Mara Quell", "Tidewater", 1),
    song("Two", "Mara Quell", "Tidewater", 2),
  ]);
  await page.setViewportSize({ width: 390, height: 844 });
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`${house.url}/music`);
  await page.getByRole("link", { name: "Tidewater" }).click();
  await page.getByRole("button", { name: "Play all" }).click();
  const player = page.getByRole("region", { name: "Player" });
  await player.getByRole("button", { name: "Now playing" }).click();
  await expect(player.getByRole("button", { name: "Shuffle" })).toBeVisible();
  await expect(page.locator("main")).toHaveAttribute("inert", "");
  expect((await player.boundingBox()).height).toBe(844);
  await expectAccessible(page, "now playing");

  // Near the end of a song, the next one is loaded, and it plays although the server is asked for nothing more.
  const seek = player.getByRole("slider", { name: "Position" });
  await expect(player.locator('[data-part="length"]')).toHaveText("0:20");
  await seek.fill("15");
  await expect.poll(() => new Set(requests.filter((url) => /\/media\/[^/?]+$/.test(url))).size).toBe(2);
  await seek.fill("19");
  await expect(player.getByRole("link", { name: "Two" })).toBeVisible();
  await expect(player.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("main")).not.toHaveAttribute("inert", "");
  await expect(player.getByRole("button", { name: "Shuffle" })).toBeHidden();
  checkComplaints();
});

test("a video has a poster and can be sought, and an unplayable one is reported", async ({ house, page }) => {
  const [good, other, newer] = await uploadQuickly(page, house.url, [
    film("good.webm", "video/webm", ["-c:v", "libvpx"]),
    film("old.avi", "video/x-msvideo", ["-c:v", "mpeg4"]),
    film("new.mkv", "video/x-matroska", ["-c:v", "libx265", "-x265-params", "log-level=none"]),
  ]);
  await page.goto(`${house.url}/items/${good.id}`);
  const video = page.locator("video");
  await expect(video).toHaveAttribute("poster", /thumbnail\?size=1280/);
  await video.evaluate(
    (film) =>
      new Promise((done, fail) => {
        film.onseeked = done;
        film.onerror = fail;
        film.currentTime = 2;
      }),
  );
  expect(await video.evaluate((film) => film.currentTime)).toBeGreaterThan(1.9);
  await expect(page.locator("[data-unplayable]")).toBeHidden();
  await page.goto(`${house.url}/items/${other.id}`);
  await expect(page.getByText("This video format can't play in a browser")).toBeVisible();
  await expect(page.getByRole("img", { name: "A frame of old.avi" })).toBeVisible();
  await page.goto(`${house.url}/items/${newer.id}`);
  await expect(page.getByText("HEVC (H.265)")).toBeVisible();
  await expect(page.getByText("This video can't play in your browser.")).toBeVisible();
  // It is said once, on its page and in the viewer, which offers the file instead.
  await expect(page.getByText(/can't play in/).filter({ visible: true })).toHaveCount(1);
  await page.goto(`${house.url}/videos`);
  await page.getByRole("link", { name: "new.mkv" }).click();
  const viewer = page.getByRole("dialog", { name: "Viewer" });
  await expect(viewer.getByText(/can't play in/).filter({ visible: true })).toHaveCount(1);
  await expect(viewer.getByRole("link", { name: "Download" }).first()).toBeVisible();
});

test("the bar of the viewer is legible on a white photo", async ({ house, page }) => {
  const white = made("white.png", "image/png", ["-f", "lavfi", "-i", "color=white:s=1600x1200", "-frames:v", "1"]);
  await uploadQuickly(page, house.url, [white]);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.setViewportSize({ width: 390, height: 300 });
  await page.goto(`${house.url}/photos`);
  await page.getByRole("link", { name: "white.png" }).click();
  const viewer = page.getByRole("dialog", { name: "Viewer" });
  await expect(viewer.locator(".pswp__img:not(.pswp__img--placeholder)").first()).toBeVisible();
  for (const name of ["Favorite", "Close"]) {
    const shot = (await viewer.getByRole("button", { name }).screenshot()).toString("base64");
    const contrast = await page.evaluate(async (data) => {
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      const { data: rgba } = context.getImageData(0, 0, image.width, image.height);
      // The icon is the lightest, the ground is what half of the pixels have at most (WCAG 2.2, relative luminance).
      const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      const all = [];
      for (let at = 0; at < rgba.length; at += 4) {
        const [red, green, blue] = [0, 1, 2].map((part) => linear(rgba[at + part] / 255));
        all.push(0.2126 * red + 0.7152 * green + 0.0722 * blue);
      }
      all.sort((a, b) => a - b);
      return (all.at(-1) + 0.05) / (all[Math.floor(all.length / 2)] + 0.05);
    }, shot);
    expect(contrast, name).toBeGreaterThan(3);
  }
});

/** A photo that says that a video is appended to it. */
function movingPhoto() {
  const source = ["-f", "lavfi", "-i", "testsrc2=s=1600x1200", "-frames:v", "1"];
  const { buffer: photo } = made("still.jpg", "image/jpeg", source);
  const { buffer: video } = film("motion.mp4", "video/mp4", H264);
  const said = Buffer.from(
    `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
    xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:GCamera="g"
    GCamera:MicroVideo="1" GCamera:MicroVideoOffset="${video.length}"/></rdf:RDF></x:xmpmeta>`,
  );
  const marker = Buffer.from([0xff, 0xe1, (said.length + 2) >> 8, (said.length + 2) & 255]);
  const parts = [photo.subarray(0, 2), marker, said, photo.subarray(2), video];
  return { name: "PXL_1.MP.jpg", mimeType: "image/jpeg", buffer: Buffer.concat(parts) };
}

test("a moving photo plays under the mouse, in the viewer, and on its page", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  const [photo] = await uploadQuickly(page, house.url, [movingPhoto()]);
  const isPlaying = (video) => video.evaluate((film) => !film.paused && film.videoWidth > 0);
  await page.goto(`${house.url}/photos`);
  const tile = page.locator("[data-tile]");
  await expect(tile.getByText("Moving photo")).toBeAttached();
  await tile.hover();
  await expect.poll(() => isPlaying(tile.locator("video"))).toBe(true);
  await page.mouse.move(0, 0);
  await expect(tile.locator("video")).toHaveCount(0);

  await tile.locator("a").click();
  const viewer = page.locator(".pswp");
  const button = viewer.getByRole("button", { name: "Play motion" });
  await button.click();
  await expect(button).toHaveAttribute("aria-pressed", "true");
  await expect.poll(() => isPlaying(viewer.locator("video"))).toBe(true);
  await expect(viewer.locator("video")).toBeVisible();
  await button.click();
  await expect(viewer.locator("video")).toHaveCount(0);
  await page.keyboard.press("Escape");

  await page.goto(`${house.url}/items/${photo.id}`);
  await page.getByText("Play motion").click();
  await expect.poll(() => isPlaying(page.locator(".stage video"))).toBe(true);
  checkComplaints();
});

test("the next page loads by itself without a layout shift", async ({ house, page }) => {
  test.setTimeout(180_000);
  await uploadQuickly(
    page,
    house.url,
    Array.from({ length: 75 }, (_, seed) => picture(seed)),
  );
  await page.addInitScript(() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(`${house.url}/photos`);
  await expect(page.locator("[data-tile]")).toHaveCount(60);
  // Scrolls part of a screen at a time, as a reader does.
  for (let part = 0; part < 30; part += 1) {
    await page.mouse.wheel(0, 300);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await expect(page.locator("[data-tile]")).toHaveCount(75);
  await expect(page.locator(".month")).toHaveCount(1);
  await expect(page.locator('a[rel="next"]')).toHaveCount(0);
  await page.waitForLoadState("networkidle");
  expect(await page.evaluate(() => window.shifted), "cumulative layout shift").toBeLessThanOrEqual(0.02);
});

test("browsing and searching work without JavaScript", async ({ house, page, browser }) => {
  const [shown] = await uploadQuickly(page, house.url, [
    picture(1),
    song("One", "Mara Quell", "Tidewater", 1),
    film("film.mp4", "video/mp4", H264),
  ]);
  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await logIn(plain, house.url, "root");
  await plain.goto(`${house.url}/photos`);
  await plain.getByRole("link", { name: "picture 1.png" }).click();
  await expect(plain).toHaveURL(`${house.url}/items/${shown.id}`);
  await expect(plain.getByRole("img", { name: "picture 1.png" })).toBeVisible();
  await plain.getByRole("searchbox", { name: "Search your library" }).fill("mara tide");
  await plain.keyboard.press("Enter");
  await expect(plain.getByRole("link", { name: "One" })).toBeVisible();
  await plain.goto(`${house.url}/music`);
  await plain.getByRole("link", { name: "Tidewater" }).click();
  await plain.getByRole("link", { name: "One", exact: true }).click();
  await expect(plain.locator("audio[controls]")).toBeVisible();
  await plain.goto(`${house.url}/videos`);
  await plain.getByRole("link", { name: "film.mp4" }).click();
  await expect(plain.locator("video[controls]")).toBeVisible();
  await plain.context().close();
});
