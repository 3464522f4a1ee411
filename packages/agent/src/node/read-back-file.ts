import { Worker } from "node:worker_threads";
import type { ReadBack, SlotDigests } from "../core/ports.js";

/**
 * Code of the thread, as text so that every bundle includes it. Its messages are the offset up to which the file may be
 * read, and "digests", which it answers.
 */
const THREAD = `
const { createHash } = require("node:crypto");
const { openSync, readSync } = require("node:fs");
const { parentPort, workerData: path } = require("node:worker_threads");
const [md5, sha256] = [createHash("md5"), createHash("sha256")];
const buffer = Buffer.allocUnsafe(256 * 1024);
const file = openSync(path, "r");
let at = 0;
function read(end) {
  while (at < end) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at);
    if (count === 0) return;
    const piece = buffer.subarray(0, count);
    md5.update(piece);
    sha256.update(piece);
    at += count;
  }
}
parentPort.on("message", (message) => {
  if (message !== "digests") return read(message);
  parentPort.postMessage({ md5: md5.digest("hex"), sha256: sha256.digest("hex") });
});`;

/** The thread is told of no less than this: to wake it takes processor time. */
const ADVANCE_BYTES = 1024 * 1024;

/**
 * Reads and hashes a file in a separate thread while the file grows. Keeps the process alive until `stop`, which also
 * closes the file.
 */
export function readBackFile(path: string): ReadBack {
  // No options of this process: --input-type=module would make the text an ES module.
  const thread = new Worker(THREAD, { eval: true, workerData: path, execArgv: [] });
  const digests = new Promise<SlotDigests>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that reads the slot back has ended")));
  });
  digests.catch(() => {}); // an error matters only to a caller of `digests`
  let writtenBytes = 0;
  let toldBytes = 0;
  const tell = () => {
    toldBytes = writtenBytes;
    thread.postMessage(toldBytes);
  };
  return {
    advance(bytes) {
      writtenBytes = bytes;
      if (writtenBytes - toldBytes >= ADVANCE_BYTES) tell();
    },
    digests() {
      tell();
      thread.postMessage("digests");
      return digests;
    },
    stop: async () => void (await thread.terminate()),
  };
}
