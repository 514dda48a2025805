// Tells the server the time zone of this browser, once, if the user has chosen none.
import { address } from "./urls.js";

const { body } = document;

export async function startTimeZone() {
  if (!("detectZone" in body.dataset)) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const form = new URLSearchParams({ csrf_token: token, time_zone: zone, detected: "on" });
  // Without an answer, the next page tries again.
  await fetch(address("/account/time-zone"), { method: "POST", body: form }).catch(() => {});
  delete body.dataset.detectZone;
}
