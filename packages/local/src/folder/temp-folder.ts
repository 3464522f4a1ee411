import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempFolder {
  path: string;
  remove(): Promise<void>;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The temporary folders of this process that still exist. */
const folders = new Set<string>();

/**
 * Creates a folder that is removed when the process ends, also by a signal. The signal still ends the process, unless
 * other code handles it. Only `kill -9` leaves the folder behind.
 */
export async function makeTempFolder(prefix: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  if (folders.size === 0) addExitHandlers();
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 }); // an aborted upload may still write to it
      folders.delete(path);
      if (folders.size === 0) removeExitHandlers();
    },
  };
}

function addExitHandlers(): void {
  process.on("exit", removeAll);
  for (const signal of SIGNALS) process.on(signal, removeOnSignal);
}

function removeExitHandlers(): void {
  process.off("exit", removeAll);
  for (const signal of SIGNALS) process.off(signal, removeOnSignal);
}

/** Removes the folders synchronously, because the process is about to end. */
function removeAll(): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
  folders.clear();
}

function removeOnSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return; // another listener decides when the process ends
  removeAll();
  removeExitHandlers();
  process.kill(process.pid, signal);
}
