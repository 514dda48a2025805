// The browser part of scripts/bench-scroll.py: turns the wheel on /photos from the newest photo on, and prints the
// longest frames and the memory of the page.
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";

const [url, seconds] = [process.argv[2], Number(process.argv[3])];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: "block" });
const page = await context.newPage();
await page.goto(`${url}/login`);
await page.fill("#username", "root");
await page.fill("#password", "a long enough password");
await page.keyboard.press("Enter");
await page.waitForURL("**/dashboard");
await page.goto(`${url}/photos`);
await page.waitForSelector("[data-tile] img");

/** Anonymous memory of the page's process, in MB. */
const session = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
const renderers = session.processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
const anonymous = () =>
  Math.max(
    ...renderers.map((id) => {
      try {
        return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1000;
      } catch {
        return 0;
      }
    }),
  );
const cdp = await context.newCDPSession(page);
await cdp.send("Performance.enable");
const heap = async () => {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "JSHeapUsedSize").value / 1e6;
};

async function frames(work) {
  await page.evaluate(() => {
    window.frames_ = [];
    window.tasks_ = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.tasks_.push(Math.round(duration));
    }).observe({ type: "longtask" });
    let last = performance.now();
    const each = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.timer_ = requestAnimationFrame(each);
    };
    window.timer_ = requestAnimationFrame(each);
  });
  await work();
  const [took, tasks] = await page.evaluate(() => {
    cancelAnimationFrame(window.timer_);
    return [window.frames_, window.tasks_];
  });
  took.sort((a, b) => b - a);
  const over = took.filter((one) => one > 50).length;
  const longest = took.slice(0, 5).map(Math.round).join(", ");
  const median = took[took.length >> 1].toFixed(1);
  console.log(`tasks of the page over 50 ms: ${tasks.length}, longest ${Math.max(0, ...tasks)} ms`);
  return `${took.length} frames, ${over} over 50 ms, longest ${longest} ms, median ${median} ms`;
}

const where = () =>
  page.evaluate(() => ({
    at: new URL(location.href).searchParams.get("at"),
    tiles: document.querySelectorAll("[data-tile]").length,
    height: document.documentElement.scrollHeight,
  }));
const started = { heap: await heap(), memory: anonymous() };
let most = 0;
const result = await frames(async () => {
  await page.mouse.move(700, 500);
  const until = Date.now() + seconds * 1000;
  let next = Date.now() + 5000;
  while (Date.now() < until) {
    await page.mouse.wheel(0, 400);
    most = Math.max(most, anonymous());
    if (Date.now() > next) {
      next += 15_000;
      const { at, tiles } = await where();
      console.log(`  at ${at}: ${tiles} tiles, heap ${(await heap()).toFixed(1)} MB, process ${anonymous().toFixed(0)} MB`);
    }
  }
});
console.log(`wheel, ${seconds} s: ${result}`);
const { at, tiles, height } = await where();
console.log(`reached ${at}, ${tiles} tiles in the page, ${height} px high`);
await cdp.send("HeapProfiler.collectGarbage");
const heaps = `heap ${started.heap.toFixed(1)} and ${(await heap()).toFixed(1)} MB`;
console.log(`process: ${started.memory.toFixed(0)} MB at the start, ${most.toFixed(0)} at most; ${heaps}`);
// What Chromium keeps of decoded pictures, it gives back when memory is short.
await cdp.send("Memory.simulatePressureNotification", { level: "critical" });
await page.waitForTimeout(3000);
console.log(`process after the system has asked for memory: ${anonymous().toFixed(0)} MB`);
await browser.close();
