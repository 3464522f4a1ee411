import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { FotaError } from "@fota/shared";
import { errnoOf } from "./storage-error.js";

const held = new Map<string, Promise<void>>();

/**
 * Takes `dir` for this process, as `purpose`. The lock is a socket in Linux's abstract namespace, named after the real
 * path: the kernel frees it with the process, also after `kill -9`, so it is never stale. Held until the process ends;
 * taking it again is a no-op. It does not keep the process alive. Processes in different network namespaces do not see
 * each other's; elsewhere than on Linux nothing is locked.
 * @throws {FotaError} DEVICE_BUSY when another process holds it
 */
export async function lockFolder(dir: string, purpose: string): Promise<void> {
  if (process.platform !== "linux") return;
  const path = await realpath(dir);
  const name = `\0fota-${purpose}-${createHash("sha256").update(path).digest("hex").slice(0, 40)}`;
  const taken = held.get(name) ?? listen(name);
  held.set(name, taken);
  try {
    await taken;
  } catch (error) {
    held.delete(name);
    if (errnoOf(error) !== "EADDRINUSE") throw error;
    throw new FotaError("DEVICE_BUSY", `another ${purpose} works on ${dir}`, {
      cause: error,
      hint: "stop it first, or give each its own folder",
    });
  }
}

function listen(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(name, () => {
      server.unref();
      resolve();
    });
  });
}
