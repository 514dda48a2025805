// The page that is shown without a connection: the uploads that wait on this device.
import { all } from "./upload-queue-store.js";

const MOST = 20;

const waiting = (await all()).filter(({ state }) => state !== "done");
if (waiting.length) {
  const section = document.querySelector("[data-unfinished]");
  const list = section.querySelector("ul");
  for (const { name } of waiting.slice(0, MOST)) {
    const row = Object.assign(document.createElement("li"), { className: "small-row", dir: "auto", textContent: name });
    list.append(row);
  }
  if (waiting.length > MOST) {
    const rest = Object.assign(document.createElement("li"), { className: "meta" });
    rest.textContent = `+ ${waiting.length - MOST}`;
    list.append(rest);
  }
  section.hidden = false;
}
