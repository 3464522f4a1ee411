import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { messageOf } from "@fota/shared";
import { readSmallFile } from "../files/small-file.js";
import type { Host } from "../host.js";
import { nonEmpty } from "../settings/settings.js";

/** Says where a `fota local` of this user listens, with a secret that proves which one answers there. */
export interface StandInAddress {
  endpoint: string;
  pid: number;
  /** Known only to the stand-in and to users who may read the file. */
  secret: string;
}

/** Adds the path of the file that holds the address. */
export interface SavedAddress extends StandInAddress {
  path: string;
}

const FILE_PATTERN = /^local-[0-9a-f-]+\.json$/;
const OTHERS = 0o077;

/**
 * Saves the address for this user's other commands and returns a function that removes it. After `kill -9` the file
 * stays, so a reader must check that the stand-in still runs. `note` gets a sentence if XDG_RUNTIME_DIR cannot be used.
 * @throws {Error} when this user has no private folder
 */
export async function saveAddress(
  { env }: Pick<Host, "env">,
  address: StandInAddress,
  note: (text: string) => void = () => {},
): Promise<() => Promise<void>> {
  const { folders, unusable } = await runtimeFolders(env);
  const [folder] = folders;
  if (unusable !== undefined) note(`the address is saved in ${folder}, not in XDG_RUNTIME_DIR: ${unusable}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkPrivate(folder);
  const path = join(folder, `local-${randomUUID()}.json`);
  const made = `${path}.new`;
  await writeFile(made, JSON.stringify(address), { mode: 0o600, flag: "wx" });
  await rename(made, path); // a reader finds the whole file or none
  return () => rm(path, { force: true });
}

/**
 * Reads the addresses that this user's stand-ins saved. Ignores files that are not private or belong to another user.
 */
export async function savedAddresses({ env }: Pick<Host, "env">): Promise<SavedAddress[]> {
  const found: SavedAddress[] = [];
  for (const folder of (await runtimeFolders(env)).folders) {
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

/** Removes the file of a stand-in that ended without removing it; succeeds if another process removes it too. */
export async function forgetAddress({ path }: SavedAddress): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

interface RuntimeFolders {
  /** The folders to search; addresses are saved in the first. */
  folders: readonly [string, ...string[]];
  /** Why XDG_RUNTIME_DIR is set and not used. */
  unusable?: string;
}

/** Finds the folders. The one in the temp folder is always one of them: not every shell sets XDG_RUNTIME_DIR. */
async function runtimeFolders(env: Host["env"]): Promise<RuntimeFolders> {
  const runtime = nonEmpty(env["XDG_RUNTIME_DIR"]);
  const temp = join(nonEmpty(env["TMPDIR"]) ?? tmpdir(), `fota-${process.getuid?.() ?? "local"}`);
  if (runtime === undefined) return { folders: [temp] };
  if (!isAbsolute(runtime)) return { folders: [temp], unusable: `${runtime} is not an absolute path` };
  // Under sudo, the folder may still be the caller's.
  return await checkPrivate(runtime).then(
    () => ({ folders: [join(runtime, "fota"), temp] }),
    (error: unknown) => ({ folders: [temp], unusable: messageOf(error) }),
  );
}

/** Checks a folder. @throws {Error} when `folder` is a link, belongs to another user or is open to others */
async function checkPrivate(folder: string): Promise<void> {
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error(`${folder} is not a folder`);
  const own = process.getuid?.();
  if (own === undefined) return; // on Windows, the temp folder belongs to the user
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
