import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { FotaError, takeSocketLock } from "@fota/shared";

/**
 * Locks `dir` until the returned function is called or the process ends, also by `kill -9`. Locks nothing if no lock can
 * be made: on Windows, or in a folder that cannot contain sockets.
 *
 * @throws {FotaError} LOCAL_DIR_IN_USE
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const globals = { Buffer, clearTimeout, performance, process, setTimeout };
  const lock = await takeSocketLock(dir, "local", { crypto, fs, net, os, path, ...globals });
  if (lock.kind === "held") return lock.release;
  if (lock.kind === "impossible") return async () => undefined;
  throw new FotaError("LOCAL_DIR_IN_USE", `another fota local uses ${dir}`, {
    hint: `stop it first, or use another --dir; its lock is ${lock.claim}`,
  });
}
