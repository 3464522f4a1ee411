import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempFolder {
  path: string;
  remove(): Promise<void>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The folders of this process that are not removed yet. */
const folders = new Set<string>();

/**
 * A folder that is gone when the process ends: also when it ends by a signal that nobody else handles, which then ends
 * it as it would have without this. Only `kill -9` leaves it behind.
 */
export async function makeTempFolder(prefix: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  if (folders.size === 0) watchEnd();
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 }); // an upload that was cut off may still end in it
      folders.delete(path);
      if (folders.size === 0) unwatchEnd();
    },
  };
}

function watchEnd(): void {
  process.on("exit", removeAll);
  for (const signal of SIGNALS) process.on(signal, endBySignal);
}

function unwatchEnd(): void {
  process.off("exit", removeAll);
  for (const signal of SIGNALS) process.off(signal, endBySignal);
}

/** Synchronous: nothing else runs any more. */
function removeAll(): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
  folders.clear();
}

function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // whoever else listens decides when the process ends
  removeAll();
  unwatchEnd();
  process.kill(process.pid, signal);
}
