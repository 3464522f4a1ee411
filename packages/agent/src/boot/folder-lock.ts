import { realpath } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import { takeLock } from "./socket-lock.js";

const held = new Map<string, Promise<void>>();

/**
 * Locks `path`, a folder or a file, for this process and the role `purpose` until the process ends. Locking it again
 * does nothing. The lock does not keep the process alive. If no lock can be created (docs/boot.md), calls `warn` and
 * continues without one, because a device must also boot from a full or read-only disk.
 * @throws {FotaError} DEVICE_BUSY if another process holds the lock
 */
export async function lockFolder(
  path: string,
  purpose: string,
  warn: (line: string) => void = (line) => process.emitWarning(line),
): Promise<void> {
  const key = `${purpose} ${await realpath(path)}`;
  const acquired = held.get(key) ?? acquire(path, purpose, warn);
  held.set(key, acquired);
  try {
    await acquired;
  } catch (error) {
    held.delete(key);
    throw error;
  }
}

async function acquire(path: string, purpose: string, warn: (line: string) => void): Promise<void> {
  const lock = await takeLock(path, purpose);
  if (lock.kind === "impossible") warn(`cannot lock ${path} against a second ${purpose}: ${lock.why}`);
  if (lock.kind !== "busy") return;
  throw new FotaError("DEVICE_BUSY", `another ${purpose} is using ${path}`, {
    hint: `stop it first, or give each its own folder; its lock is ${lock.claim}`,
  });
}
