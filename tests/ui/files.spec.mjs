// Folders and documents: tiles dragged onto folders, the menus of a folder, and the pages of a PDF.
import { expect, expectAccessible, letter, noComplaints, picture, test, toast, uploadInTurn } from "./support.mjs";

test("selected photos are dragged onto a folder, whose menu renames it", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1), picture(2), picture(3)]);
  await page.goto(`${house.url}/uploads#new-folder`);
  await page.getByLabel("Folder name").fill("Holidays");
  await page.getByRole("button", { name: "Create folder" }).click();
  await expect(page.getByRole("heading", { name: "Holidays" })).toBeVisible();

  await page.goto(`${house.url}/photos`);
  await page.getByLabel("Select picture 1.png").check({ force: true });
  await page.getByLabel("Select picture 2.png").check({ force: true });
  const tile = page.getByRole("link", { name: "picture 2.png" });
  await tile.dragTo(page.locator(".rail-rest [data-drop-items]"));
  await expect(toast(page, "2 items moved")).toBeVisible();
  // One that is not selected moves alone.
  await page.getByRole("link", { name: "picture 3.png" }).dragTo(page.locator(".rail-rest [data-drop-items]"));
  await expect(toast(page, "1 item moved")).toBeVisible();

  await page.getByRole("link", { name: "Holidays" }).first().click();
  await expect(page.getByText("3 items ·")).toBeVisible();
  await page.getByRole("button", { name: "Folder", exact: true }).click();
  await expect(page.getByRole("link", { name: "Download folder" })).toBeVisible();
  await expectAccessible(page, "menu of a folder");
  await page.getByLabel("Name", { exact: true }).fill("Summer");
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByRole("heading", { name: "Summer", exact: true })).toBeVisible();
  checkComplaints();
});

/** A PDF of pages without words. */
function pdf(count) {
  const pages = Array.from({ length: count }, (_, index) => index + 3);
  const page = (number) => `${number} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 140]>>endobj\n`;
  const text = `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[${pages.map((number) => `${number} 0 R`).join(" ")}]/Count ${count}>>endobj
${pages.map(page).join("")}trailer<</Root 1 0 R>>\n%%EOF\n`;
  return { name: "paper.pdf", mimeType: "application/pdf", buffer: Buffer.from(text) };
}

test("text and the pages of a PDF are read on their pages", async ({ house, page, browser }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [letter, pdf(3)]);
  await page.goto(`${house.url}/uploads`);
  // By the head of the column, in both directions.
  await page.getByRole("columnheader", { name: "Name" }).getByRole("link").click();
  await expect(page.locator("tbody .tile-link")).toHaveText(["letter.txt", "paper.pdf"]);
  await page.getByRole("columnheader", { name: "Name" }).getByRole("link").click();
  await expect(page.locator("tbody .tile-link")).toHaveText(["paper.pdf", "letter.txt"]);
  await expect(page.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");

  await page.getByRole("link", { name: "letter.txt" }).click();
  await expect(page.getByRole("region", { name: "Content of letter.txt" })).toHaveText("Dear Ada");
  await page.goBack();
  await page.getByRole("link", { name: "paper.pdf" }).click();
  const pages = page.getByRole("region", { name: "Pages of paper.pdf" });
  await expect(pages.getByRole("img")).toHaveCount(3);
  await pages.evaluate((node) => node.scrollTo(0, node.scrollHeight));
  await expect(page.getByText("Page 3 of 3")).toBeVisible();
  await expect.poll(() => pages.getByRole("img").last().evaluate((image) => image.naturalWidth)).toBeGreaterThan(500);
  await expectAccessible(page, "pages of a PDF");
  checkComplaints();

  const storageState = await page.context().storageState();
  const plain = await (await browser.newContext({ javaScriptEnabled: false, storageState })).newPage();
  await plain.goto(page.url());
  await plain.getByRole("link", { name: "Next page" }).click();
  await expect(plain.getByRole("img", { name: "Page 2 of 3" })).toBeVisible();
});
