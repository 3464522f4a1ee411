import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { FotaError } from "@fota/shared";

/**
 * Takes `dir` until the returned function is called or the process ends, in whatever way. The lock is a socket in
 * Linux's abstract namespace, named after the real path: the kernel frees it with the process, so it is never stale.
 * Processes in different network namespaces do not see each other's; elsewhere than on Linux nothing is locked.
 *
 * @throws {FotaError} LOCAL_DIR_IN_USE
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  if (process.platform !== "linux") return async () => undefined;
  const path = await realpath(dir);
  const name = `\0fota-local-${createHash("sha256").update(path).digest("hex").slice(0, 40)}`;
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(name, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    throw new FotaError("LOCAL_DIR_IN_USE", `another fota local works on ${dir}`, {
      hint: "stop it first, or give each its own --dir",
      cause: error,
    });
  });
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}
