// The search box: suggestions while typing.
import { expect, expectAccessible, noComplaints, picture, test, uploadInTurn } from "./support.mjs";

test("the search box suggests folders, which the keyboard opens", async ({ house, page }) => {
  const checkComplaints = noComplaints(page);
  await uploadInTurn(page, house.url, [picture(1)]);
  await page.goto(`${house.url}/uploads#new-folder`);
  await page.getByLabel("Folder name").fill("Summer in Lisbon");
  await page.getByRole("button", { name: "Create folder" }).click();
  await expect(page.getByRole("link", { name: "Summer in Lisbon" }).first()).toBeVisible();

  // Its script arrives after the words have been typed.
  let arrive;
  const typed = new Promise((resolve) => (arrive = resolve));
  await page.route("**/search-suggestions.js*", (route) => typed.then(() => route.continue()));
  const box = page.getByLabel("Search your library");
  await box.focus();
  await box.pressSequentially("summ lis");
  arrive();
  const option = page.getByRole("option", { name: "Summer in Lisbon Folder" });
  await expect(option).toBeVisible();
  await expect(box).toHaveAttribute("aria-expanded", "true");
  await expectAccessible(page, "suggestions");
  await box.press("Escape");
  await expect(option).toBeHidden();
  await box.pressSequentially("b");
  await expect(option).toBeVisible();
  await box.press("ArrowDown");
  await expect(option).toHaveAttribute("aria-selected", "true");
  await box.press("Enter");
  await expect(page.getByRole("heading", { name: "Summer in Lisbon", exact: true })).toBeVisible();
  checkComplaints();
});
