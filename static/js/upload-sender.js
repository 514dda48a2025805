// Sends one file by tus 1.0.0, and looks for its bytes on the server first.
import { address, libraryAddress, reasonOf } from "./urls.js";
import { t } from "./words.js";

/** Below what proxies usually accept (100 MB). */
const PART = 48 * 1024 * 1024;
/** Sizes of files that are hashed first to find duplicates: others are sent faster, or need too much memory. */
const HASHED = [1_000_000, 256 * 1024 * 1024];
/** Files up to this size are sent with their creation; a larger one gets its address before its bytes are sent. */
const AT_CREATION = 1_000_000;
/** Milliseconds between two measurements of the speed. */
const SPEED_INTERVAL = 400;

let failures = 0;

/** Loads the library that sends files. Browsers keep the failure of an import: another try needs another address. */
export async function loadTus() {
  if (window.tus) return;
  try {
    await import(failures ? `../vendor/tus.js?try=${failures}` : "../vendor/tus.js");
  } catch (error) {
    failures += 1;
    throw error;
  }
}

const token = () => document.querySelector('meta[name="csrf-token"]').content;

/** Where a file is sent: to the library that it was chosen for, or to what a share link asks for. */
const endpoint = ({ library }) => {
  const { uploads } = document.body.dataset;
  return uploads ? address(uploads) : libraryAddress("/api/uploads", library ?? "");
};

const digest = async (file) =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");

/** The id of the item with the same bytes, if there is one. `onHash` is called before the file is read for it. */
export async function findSame(transfer, onHash) {
  const { file, size, keepsBoth, url } = transfer;
  // Browsers hash only in secure contexts.
  const isWorthwhile = !keepsBoth && !url && size >= HASHED[0] && size <= HASHED[1] && crypto.subtle;
  if (!isWorthwhile) return null;
  onHash();
  try {
    const query = `limit=1&sha256=${await digest(file)}`;
    const answer = await fetch(libraryAddress(`/api/media/list?${query}`, transfer.library ?? ""), { cache: "no-store" });
    return answer.ok ? ((await answer.json()).items[0]?.id ?? null) : null;
  } catch {
    return null; // Then it is sent, and the server finds the duplicate.
  }
}

/** The status of the response that an upload failed with; 0 if there was none. */
export const statusOf = (error) => error.originalResponse?.getStatus() ?? 0;

/** Whether a later attempt may succeed. A full disk (507) is not temporary. */
export const isTemporary = (status) => [0, 409, 429].includes(status) || (status >= 500 && status !== 507);

/** Why the server refused an upload. */
export function messageOf(error) {
  try {
    return reasonOf(JSON.parse(error.originalResponse.getBody()));
  } catch {
    return t("The server answered {status}.", { status: statusOf(error) });
  }
}

/** Sends a transfer, and records in it how far it is. Its `upload` can be aborted. */
export async function sendFile(transfer, folder, { onUrl, onProgress, onStored, onError }) {
  try {
    await loadTus();
  } catch (error) {
    onError(error);
    return;
  }
  // It may have been paused or cancelled meanwhile.
  if (transfer.state !== "sending") return;
  let seen = { at: performance.now(), sent: transfer.sent };
  const metadata = { filename: transfer.name, filetype: transfer.type };
  const { lastModified } = transfer.file;
  if (lastModified) metadata.lastModified = String(lastModified);
  if (folder) metadata.directory = folder;
  if (transfer.sender) metadata.sender = transfer.sender;
  if (transfer.keepsBoth) metadata.keep_duplicates = "true";
  transfer.upload = new window.tus.Upload(transfer.file, {
    endpoint: endpoint(transfer),
    uploadUrl: transfer.url,
    chunkSize: PART,
    uploadDataDuringCreation: transfer.size <= AT_CREATION,
    storeFingerprintForResuming: false,
    retryDelays: [0, 1000, 3000],
    headers: { "X-CSRF-Token": token() },
    metadata,
    onShouldRetry: (error) => {
      const status = statusOf(error);
      return status === 0 ? navigator.onLine : [423, 460].includes(status) || isTemporary(status);
    },
    onUploadUrlAvailable: () => {
      transfer.url = new URL(transfer.upload.url, location.href).pathname;
      onUrl();
    },
    onChunkComplete: (_, accepted) => {
      transfer.safe = accepted;
    },
    onProgress: (sent) => {
      const at = performance.now();
      if (at - seen.at > SPEED_INTERVAL || sent === transfer.size) {
        const speed = Math.max(0, sent - seen.sent) / Math.max((at - seen.at) / 1000, 0.05);
        // A moving average over about ten seconds, so that the remaining time does not jump.
        transfer.speed = transfer.speed ? transfer.speed * 0.96 + speed * 0.04 : speed;
        seen = { at, sent };
        transfer.sent = sent;
        onProgress();
      }
    },
    onSuccess: ({ lastResponse }) => {
      transfer.item = lastResponse.getHeader("Nexus-Item");
      onStored(Boolean(lastResponse.getHeader("Nexus-Duplicate")));
    },
    onError,
  });
  transfer.upload.start();
}

/** Deletes an unfinished upload from the server. */
export function deleteUpload(url) {
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRF-Token": token() };
  fetch(url, { method: "DELETE", headers }).catch(() => {});
}
