// The browser tests: the same specs on SQLite and MariaDB, and some of them below a path.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results",
  fullyParallel: false,
  workers: 2,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 860 },
    // Requests of a page with a service worker cannot be held or broken by a test.
    serviceWorkers: "block",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "sqlite", testIgnore: /lighthouse/ },
    // What pages read from both databases is compared by the API tests; what happens in the browser depends on neither.
    {
      name: "mariadb",
      testMatch: /journey|albums|sharing|file-requests|search|navigation|uploads/,
      grepInvert: /resumes by itself/,
    },
    { name: "below", testMatch: /gallery|navigation|uploads|installed-app|spaces/, grepInvert: /resumes by itself/ },
    // Runs without other tests at the same time. The result does not depend on the database.
    { name: "lighthouse", testMatch: /lighthouse/, dependencies: ["sqlite", "mariadb", "below"] },
  ],
});
