import { readFile } from "node:fs/promises";

/** Files that stay free for the state and for HTTP requests, so that commands work while devices take the rest. */
const RESERVED_FILES = 100;

/**
 * Returns how many connections a port may hold, by the limit of open files of this process; `undefined` where Linux does
 * not tell. Above the limit, the system would cut new connections without any error in this process.
 */
export async function connectionsLimit(): Promise<number | undefined> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return connectionsWithin(limits);
}

/** Returns the same from the text of `/proc/self/limits`. At least 1. */
export function connectionsWithin(limits: string): number | undefined {
  const openFiles = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  return Number.isNaN(openFiles) ? undefined : Math.max(1, openFiles - RESERVED_FILES);
}
