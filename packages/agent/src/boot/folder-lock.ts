import { realpath } from "node:fs/promises";
import { FotaError } from "@fota/shared";
import { takeLock } from "./socket-lock.js";

const held = new Map<string, Promise<void>>();

/**
 * Takes `path`, a folder or a file, for this process, as `purpose`, until the process ends in whatever way; taking it
 * again is a no-op. It does not keep the process alive. Where no lock can be made (docs/boot.md) the work goes on
 * without one, as a device has to boot from a disk that is read-only or full too, and `warn` is told.
 * @throws {FotaError} DEVICE_BUSY when another process holds it
 */
export async function lockFolder(
  path: string,
  purpose: string,
  warn: (line: string) => void = (line) => process.emitWarning(line),
): Promise<void> {
  const key = `${purpose} ${await realpath(path)}`;
  const taken = held.get(key) ?? take(path, purpose, warn);
  held.set(key, taken);
  try {
    await taken;
  } catch (error) {
    held.delete(key);
    throw error;
  }
}

async function take(path: string, purpose: string, warn: (line: string) => void): Promise<void> {
  const lock = await takeLock(path, purpose);
  if (lock.kind === "impossible") warn(`a second ${purpose} on ${path} would not be noticed: ${lock.why}`);
  if (lock.kind !== "busy") return;
  throw new FotaError("DEVICE_BUSY", `another ${purpose} works on ${path}`, {
    hint: `stop it first, or give each its own folder; it holds ${lock.claim}`,
  });
}
