// tus-js-client in Node: tus-js.mjs ENDPOINT TOKEN FILE NAME
import { createReadStream } from 'node:fs';
import { Upload } from 'tus-js-client';

const [endpoint, token, path, filename] = process.argv.slice(2);
await new Promise((resolve, reject) => {
  new Upload(createReadStream(path), {
    endpoint,
    chunkSize: 48 * 1024 * 1024,
    retryDelays: Array(60).fill(50),
    headers: { Authorization: `Bearer ${token}` },
    metadata: { filename },
    storeFingerprintForResuming: false,
    onSuccess: resolve,
    onError: reject,
  }).start();
});
