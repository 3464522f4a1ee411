import type { Stats } from "node:fs";
import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Names the users whose files are trusted. */
export interface TrustedUsers {
  uids: ReadonlySet<number>;
}

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;
const STICKY = 0o1000;
const ROOT = 0;
/** Follows as many links as Linux. */
const LINKS_MAX = 40;

/**
 * Returns the user of this process, root, and under sudo also its caller; `undefined` on systems without user ids,
 * where a file's owner says nothing.
 */
export function trustedUsers(env: Readonly<Record<string, string | undefined>>): TrustedUsers | undefined {
  const own = process.geteuid?.();
  if (own === undefined) return undefined;
  const caller = own === ROOT && /^\d{1,10}$/.test(env["SUDO_UID"] ?? "") ? [Number(env["SUDO_UID"])] : [];
  return { uids: new Set([own, ROOT, ...caller]) };
}

/**
 * Returns why another user may have written or placed the file at `path`; `undefined` if only `users` can have done so.
 * Also checks each symbolic link on the way and the file that it points to.
 * @throws {Error} of the file system, when the file is missing or cannot be read
 */
export async function distrustOf(path: string, users: TrustedUsers): Promise<string | undefined> {
  let place = path;
  for (let links = 0; links <= LINKS_MAX; links += 1) {
    const entry = await lstat(place);
    const fault = entryFault(entry, users) ?? folderFault(await stat(dirname(place)), dirname(place), users);
    if (fault !== undefined) return place === path ? fault : `it leads to ${place}: ${fault}`;
    if (!entry.isSymbolicLink()) return undefined;
    // Resolve the folder's own links first: `..` in the target starts there.
    place = resolve(await realpath(dirname(place)), await readlink(place));
  }
  throw new Error(`ELOOP: more than ${LINKS_MAX} links, ${path}`);
}

function entryFault(file: Stats, users: TrustedUsers): string | undefined {
  if (!users.uids.has(file.uid)) return `it belongs to another user (uid ${file.uid})`;
  // The mode of a link means nothing.
  return !file.isSymbolicLink() && isOpenToOthers(file, users) ? "other users can write to it" : undefined;
}

function folderFault(folder: Stats, path: string, users: TrustedUsers): string | undefined {
  if (!users.uids.has(folder.uid)) return `its folder ${path} belongs to another user (uid ${folder.uid})`;
  // In a sticky folder such as /tmp, others can add files but not replace ours.
  if ((folder.mode & STICKY) !== 0 || !isOpenToOthers(folder, users)) return undefined;
  return `other users can write to its folder ${path}`;
}

/** A group with the id of a trusted user is that user's own, as on most Linux systems. */
function isOpenToOthers({ mode, gid }: Stats, users: TrustedUsers): boolean {
  return (mode & OTHERS_MAY_WRITE) !== 0 || ((mode & GROUP_MAY_WRITE) !== 0 && !users.uids.has(gid));
}
