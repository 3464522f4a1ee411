import { FotaError } from "@fota/shared";
import { takeLock } from "./socket-lock.js";

/**
 * Takes `dir` until the returned function is called or the process ends, in whatever way. Where no lock can be made
 * (Windows, a folder that takes no sockets), nothing is locked.
 *
 * @throws {FotaError} LOCAL_DIR_IN_USE
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const lock = await takeLock(dir, "local");
  if (lock.kind === "held") return lock.release;
  if (lock.kind === "impossible") return async () => undefined;
  throw new FotaError("LOCAL_DIR_IN_USE", `another fota local works on ${dir}`, {
    hint: `stop it first, or give each its own --dir; it holds ${lock.claim}`,
  });
}
