import { readFile } from "node:fs/promises";
import { openFilesLimit } from "@fota/shared";

/** Files that stay free for the state and for HTTP requests, so that commands work while devices take the rest. */
const RESERVED_FILES = 100;

/**
 * Returns how many connections a port may hold, by the limit of open files of this process; `undefined` where Linux does
 * not tell. Above the limit, the system would cut new connections without any error in this process.
 */
export async function connectionsLimit(): Promise<number | undefined> {
  const openFiles = await openFilesLimit(readFile);
  return openFiles === undefined ? undefined : connectionsWithin(openFiles);
}

/** Returns the same for a limit of open files. At least 1. */
export function connectionsWithin(openFiles: number): number {
  return Math.max(1, openFiles - RESERVED_FILES);
}
