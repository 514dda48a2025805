// The journey of two users through all features, with and without JavaScript.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  PASSWORD,
  expect,
  letter,
  noComplaints,
  picture,
  register,
  test,
  toast,
  upload,
  waitUntilRead,
} from "./support.mjs";

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("from an empty server to a photo trashed and restored", async ({ server, page, browser }) => {
      const checkComplaints = noComplaints(page);

      // The link from the server's output makes the admin.
      await page.goto(await server.setup);
      await expect(page.getByLabel("Setup code")).not.toBeEmpty();
      await page.getByLabel("First name").fill("Root");
      await page.getByLabel("Last name").fill("Admin");
      await page.getByLabel("Username").fill("root");
      await page.getByLabel("Email").fill("root@example.org");
      await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await page.getByRole("button", { name: "Create admin account" }).click();
      await page.waitForURL("**/dashboard");

      // A user registers and waits.
      const theirs = await browser.newContext({ javaScriptEnabled });
      const ada = await theirs.newPage();
      await register(ada, server.url, "Ada", "Lovelace", "ada");
      await expect(ada.getByRole("heading", { name: "Almost there, Ada" })).toBeVisible();
      await ada.goto(`${server.url}/photos`);
      await expect(ada).toHaveURL(/\/pending$/);

      // The admin sees the request and approves it.
      await page.goto(`${server.url}/dashboard`);
      await page.getByRole("link", { name: "People 1 pending" }).click();
      await page.getByRole("button", { name: "Approve Ada Lovelace" }).click();
      await expect(page.getByText("No pending requests.")).toBeVisible();
      await ada.getByRole("link", { name: "Check again" }).click();
      await ada.waitForURL("**/dashboard");

      expect(readdirSync(join(server.folder, "media", "00002_ADA_LOVELACE001")).sort()).toEqual([
        "Audios",
        "Favorites",
        "Photos",
        "Recents",
        "Trash",
        "Uploads",
        "Videos",
        "user_icon.svg",
      ]);

      // Upload a file and find it in its folder.
      await upload(ada, server.url, [picture(1), picture(2), letter]);
      await expect(ada.getByText("3 added").first()).toBeVisible();
      await upload(ada, server.url, [picture(1)]);
      await expect(ada.getByText("1 already uploaded").first()).toBeVisible();
      await waitUntilRead(ada, server.url);
      await ada
        .getByRole("navigation", { name: "Main" })
        .getByRole("link", { name: /^Photos/ })
        .click();
      await expect(ada.getByRole("img", { name: "picture 1.png" })).toBeVisible();
      await ada
        .getByRole("navigation", { name: "Main" })
        .getByRole("link", { name: /^Files/ })
        .click();
      await expect(ada.getByRole("link", { name: "letter.txt" })).toBeVisible();

      // Open, star, rename.
      await ada.goto(`${server.url}/photos`);
      // With JavaScript a click opens the viewer; the item also has its own page.
      await ada.goto(server.url + (await ada.getByRole("link", { name: "picture 2.png" }).getAttribute("href")));
      await ada.getByRole("main").getByRole("button", { name: "Favorite", exact: true }).click();
      await expect(ada.getByRole("main").getByRole("button", { name: "Favorite", exact: true })).toHaveAttribute(
        "aria-pressed",
        "true",
      );
      await ada.getByLabel("Name", { exact: true }).fill("By the sea.png");
      await ada.getByRole("button", { name: "Rename" }).click();
      await expect(ada.getByRole("heading", { name: "By the sea.png" })).toBeVisible();
      expect(existsSync(join(server.folder, "media/00002_ADA_LOVELACE001/Photos/By the sea.png"))).toBe(true);
      await ada.goto(`${server.url}/favorites`);
      await expect(ada.getByRole("img", { name: "By the sea.png" })).toBeVisible();

      // Create a folder and move something into it.
      await ada.goto(`${server.url}/uploads#new-folder`);
      await ada.getByLabel("Folder name").fill("Holidays");
      await ada.getByRole("button", { name: "Create folder" }).click();
      await expect(ada.getByRole("heading", { name: "Holidays", exact: true })).toBeVisible();
      await ada.goto(`${server.url}/photos`);
      await ada.goto(server.url + (await ada.getByRole("link", { name: "By the sea.png" }).getAttribute("href")));
      await ada.getByLabel("Folder", { exact: true }).selectOption({ label: "Holidays" });
      await ada.getByRole("button", { name: "Move", exact: true }).click();
      await ada.getByRole("main").getByRole("link", { name: "Holidays" }).click();
      await expect(ada.getByRole("heading", { name: "Holidays", exact: true })).toBeVisible();
      await expect(ada.getByRole("img", { name: "By the sea.png" })).toBeVisible();

      // Move it to the trash and restore it.
      await ada.goto(server.url + (await ada.getByRole("link", { name: "By the sea.png" }).getAttribute("href")));
      await ada.getByRole("button", { name: "Move to trash" }).click();
      await expect(toast(ada, "1 item moved to trash")).toBeVisible();
      await ada.goto(`${server.url}/trash`);
      await ada.goto(server.url + (await ada.getByRole("link", { name: "By the sea.png" }).getAttribute("href")));
      await ada.waitForURL("**/items/*");
      await ada.getByRole("button", { name: "Restore", exact: true }).click();
      await expect(toast(ada, "restored")).toBeVisible();
      expect(existsSync(join(server.folder, "media/00002_ADA_LOVELACE001/Holidays/By the sea.png"))).toBe(true);

      // Delete for good.
      await ada.getByRole("button", { name: "Move to trash" }).click();
      await expect(toast(ada, "1 item moved to trash")).toBeVisible();
      await ada.goto(`${server.url}/trash`);
      await ada.getByRole("link", { name: "Empty trash" }).click();
      await ada.getByRole("button", { name: "Empty trash" }).click();
      await expect(ada.getByText("The trash is empty.").first()).toBeVisible();

      // Account: profile, theme, password, devices.
      await ada.goto(`${server.url}/account`);
      await ada.getByLabel("Last name").fill("King");
      await ada.getByRole("button", { name: "Save profile" }).click();
      await expect(toast(ada, "Profile saved")).toBeVisible();
      await ada.getByRole("main").getByRole("button", { name: "Dark" }).click();
      await expect(toast(ada, "Dark theme")).toBeVisible();
      await expect(ada.locator("html")).toHaveAttribute("data-theme", "dark");
      await ada.getByLabel("Current password").fill(PASSWORD);
      await ada.getByLabel("New password").fill("an even longer one");
      await ada.getByRole("button", { name: "Change password" }).click();
      await expect(toast(ada, "Password changed.")).toBeVisible();
      await ada.goto(`${server.url}/account/sessions`);
      await expect(ada.getByText("This device")).toBeVisible();

      // The admin creates a code, with which Ada sets another password.
      await page.goto(`${server.url}/admin/users?status=active`);
      await page.getByRole("link", { name: "Manage Ada King" }).click();
      await page.getByRole("button", { name: "Create reset code" }).click();
      const code = await page.locator(".code").textContent();
      await ada.goto(`${server.url}/account/sessions`);
      await expect(ada.getByText("This device")).toBeVisible();
      await ada.goto(`${server.url}/recover`);
      await ada.getByLabel("Username or email").fill("ada");
      await ada.getByLabel("One-time code").fill(code);
      await ada.getByLabel("New password", { exact: true }).fill("the longest one of all");
      await ada.getByRole("button", { name: "Set password" }).click();
      await expect(ada.getByText("Password changed. Log in with your new password.")).toBeVisible();
      await ada.getByLabel("Username or email").fill("ada");
      await ada.getByLabel("Password", { exact: true }).fill("the longest one of all");
      await ada.getByRole("button", { name: "Log in" }).click();
      await ada.waitForURL("**/dashboard");

      // After a suspension, the next click shows the reason.
      await page.getByRole("button", { name: "Suspend" }).click();
      await expect(toast(page, "Ada King is suspended.")).toBeVisible();
      await ada.goto(`${server.url}/photos`);
      await expect(ada.getByRole("heading", { name: "Your account is suspended" })).toBeVisible();
      await ada.getByRole("button", { name: "Log out" }).click();
      await ada.waitForURL("**/login");

      // Log out.
      await page.goto(`${server.url}/dashboard`);
      await page.locator(".menu summary").click();
      await page.getByRole("button", { name: "Log out" }).click();
      await page.waitForURL("**/login");
      await theirs.close();
      checkComplaints();
    });
  });
}
