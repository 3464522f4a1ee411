import { Worker } from "node:worker_threads";
import type { ReadBack, SlotDigests } from "../core/ports.js";

/** As text, so that it is in every bundle. Takes how far the file may be read, or "digests", which it answers. */
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

/**
 * Reads a file back while it grows and hashes it, in a thread of its own. The thread's file is closed with it. Keeps
 * the process up until `stop`.
 */
export function readBackFile(path: string): ReadBack {
  // Not the options of this process: --input-type=module would make the text another kind of module.
  const thread = new Worker(THREAD, { eval: true, workerData: path, execArgv: [] });
  const digests = new Promise<SlotDigests>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the thread that reads the slot back has ended")));
  });
  digests.catch(() => {}); // who does not ask for them does not mind
  return {
    advance: (writtenBytes) => thread.postMessage(writtenBytes),
    digests() {
      thread.postMessage("digests");
      return digests;
    },
    stop: async () => void (await thread.terminate()),
  };
}
