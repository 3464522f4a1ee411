import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "@fota/shared";
import { readSmallFile } from "../files/small-file.js";
import { cacheFolder } from "../home-folder.js";
import type { Host } from "../host.js";
import type { Candidate } from "./complete.js";

const FRESH_MS = 60_000;

/** Returns the path of the cache for one account, endpoint and region, which `key` identifies. */
export function cachePath({ env, homeDir }: Pick<Host, "env" | "homeDir">, key: readonly unknown[]): string {
  const name = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 32);
  return join(cacheFolder(env, homeDir), `complete-${name}.json`);
}

/** Reads names that were written in the last minute; `undefined`: there are none. */
export async function readFresh(path: string, nowMs: number): Promise<Candidate[] | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    if (Math.abs(nowMs - mtimeMs) > FRESH_MS) return undefined;
    return JSON.parse((await readSmallFile(path)).toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Writes the whole file, or nothing, because several shells may write at once. Other users cannot read it: the names
 * belong to the account.
 */
export async function writeFresh(path: string, names: readonly Candidate[]): Promise<void> {
  await makeFolders(dirname(path), { mkdir: (folder) => mkdir(folder, { mode: 0o700 }), dirname });
  const made = `${path}.${randomUUID()}`;
  await writeFile(made, JSON.stringify(names), { mode: 0o600 });
  await rename(made, path);
}
