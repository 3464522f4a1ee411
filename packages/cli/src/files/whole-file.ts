import { randomUUID } from "node:crypto";
import {
  constants,
  copyFile,
  link,
  lstat,
  open,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname } from "node:path";

export interface WholeFileOptions {
  /** Sets the permissions of the file. @default 0o666 without the bits of the umask */
  mode?: number;
  /**
   * Says whether an existing file is replaced; if not, the call rejects with EEXIST. Only a regular file is replaced, and
   * that behind a link, not the link.
   */
  replace: boolean;
}

/**
 * Writes the whole file or nothing; the file survives a power cut. The folder must exist.
 * @throws {Error} of the file system, or if what exists is not a regular file
 */
export async function writeWholeFile(
  name: string,
  text: string,
  { mode = 0o666, replace }: WholeFileOptions,
): Promise<void> {
  const path = replace ? await findReplaceable(name) : name;
  const made = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(made, text, { mode, flush: true });
    if (replace) await rename(made, path);
    else await copyNew(made, path);
    await syncFolder(dirname(path));
  } finally {
    await rm(made, { force: true }).catch(() => undefined);
  }
}

/**
 * Creates a file that `fill` writes under another name, so that it appears whole or not at all and survives a power cut.
 * Replaces no file: rejects with EEXIST, before `fill` is called if the file exists by then. The folder must exist.
 */
export async function createFilledFile<T>(name: string, fill: (path: string) => Promise<T>): Promise<T> {
  const made = `${name}.${randomUUID()}.new`;
  try {
    if (await exists(name)) throw Object.assign(new Error("it exists"), { code: "EEXIST" });
    const result = await fill(made);
    await copyNew(made, name);
    await syncFolder(dirname(name));
    return result;
  } finally {
    await rm(made, { force: true }).catch(() => undefined);
  }
}

async function exists(name: string): Promise<boolean> {
  return await lstat(name).then(
    () => true,
    (error: unknown) => codeOf(error) !== "ENOENT",
  );
}

/** Returns the path behind links. Refuses all but files: for root, a rename would replace even /dev/null. */
async function findReplaceable(name: string): Promise<string> {
  const path = await realpath(name).catch(() => undefined);
  if (path === undefined) return name;
  if ((await stat(path)).isFile()) return path;
  throw new Error("it exists and is not a regular file");
}

/** Creates the file as a link, which appears at once or not at all; the file systems of memory cards have no links. */
async function copyNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** Syncs a folder. Windows cannot, and keeps names without it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
