import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { readSmallFile } from "../files/small-file.js";
import type { Host } from "../host.js";
import { nonEmpty } from "../settings/settings.js";

/** Where a `fota local` of this user listens, and what proves that it is that one which answers there. */
export interface StandInAddress {
  endpoint: string;
  pid: number;
  /** Known to the stand-in and to who may read the file. */
  secret: string;
}

/** An address with the file that it was read from. */
export interface SavedAddress extends StandInAddress {
  path: string;
}

const FILE_PATTERN = /^local-[0-9a-f-]+\.json$/;
const OTHERS = 0o077;

/**
 * Leaves the address for this user's other commands, and returns what takes it back. After `kill -9` it stays; who
 * reads it has to find out whether the stand-in still runs.
 * @throws {Error} when this user has no folder that is private
 */
export async function saveAddress(
  { env }: Pick<Host, "env">,
  address: StandInAddress,
): Promise<() => Promise<void>> {
  const [folder] = await runtimeFolders(env);
  if (folder === undefined) throw new Error("no folder for it");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkPrivate(folder);
  const path = join(folder, `local-${randomUUID()}.json`);
  const made = `${path}.new`;
  await writeFile(made, JSON.stringify(address), { mode: 0o600, flag: "wx" });
  await rename(made, path); // a reader finds it whole, or not at all
  return () => rm(path, { force: true });
}

/** Reads the addresses that this user's stand-ins left. What is not private or not ours counts as none. */
export async function savedAddresses({ env }: Pick<Host, "env">): Promise<SavedAddress[]> {
  const found: SavedAddress[] = [];
  for (const folder of await runtimeFolders(env)) {
    const names = await checkPrivate(folder)
      .then(() => readdir(folder))
      .catch((): string[] => []);
    for (const name of names.filter((name) => FILE_PATTERN.test(name))) {
      const path = join(folder, name);
      const address = await readSmallFile(path).then(parseAddress, () => undefined);
      if (address !== undefined) found.push({ ...address, path });
    }
  }
  return found;
}

/** Removes what a stand-in left that ended without taking it back; one that another process removes too is no fault. */
export async function forgetAddress({ path }: SavedAddress): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** The first is where addresses are left. The second too is looked at: not every shell has XDG_RUNTIME_DIR set. */
async function runtimeFolders(env: Host["env"]): Promise<string[]> {
  const runtime = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const temp = join(nonEmpty(env["TMPDIR"]) ?? tmpdir(), `fota-${process.getuid?.() ?? "local"}`);
  if (runtime === undefined || !isAbsolute(runtime)) return [temp];
  // Under sudo it may still be the caller's.
  return await checkPrivate(runtime).then(
    () => [join(runtime, "fota"), temp],
    () => [temp],
  );
}

/** @throws {Error} when `folder` is a link, is not this user's or is open to others */
async function checkPrivate(folder: string): Promise<void> {
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error(`${folder} is not a folder`);
  const own = process.getuid?.();
  if (own === undefined) return; // Windows: the temp folder is the user's own
  if (stats.uid !== own) throw new Error(`${folder} belongs to another user (uid ${stats.uid})`);
  if ((stats.mode & OTHERS) !== 0) throw new Error(`${folder} is open to other users`);
}

function parseAddress(bytes: Buffer): StandInAddress | undefined {
  try {
    const { endpoint, pid, secret } = Object(JSON.parse(bytes.toString("utf8"))) as Record<string, unknown>;
    const isAddress =
      typeof endpoint === "string" &&
      URL.canParse(endpoint) &&
      Number.isSafeInteger(pid) &&
      typeof secret === "string";
    return isAddress ? { endpoint, pid: Number(pid), secret } : undefined;
  } catch {
    return undefined;
  }
}
