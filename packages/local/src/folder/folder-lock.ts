import { FotaError } from "@fota/shared";
import { takeLock } from "./socket-lock.js";

/**
 * Locks `dir` until the returned function is called or the process ends, also by `kill -9`. Locks nothing if no lock can
 * be made: on Windows, or in a folder that cannot contain sockets.
 *
 * @throws {FotaError} LOCAL_DIR_IN_USE
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const lock = await takeLock(dir, "local");
  if (lock.kind === "held") return lock.release;
  if (lock.kind === "impossible") return async () => undefined;
  throw new FotaError("LOCAL_DIR_IN_USE", `another fota local uses ${dir}`, {
    hint: `stop it first, or use another --dir; its lock is ${lock.claim}`,
  });
}
