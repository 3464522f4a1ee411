import type { Stats } from "node:fs";
import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Users whose files count as our own. */
export interface TrustedUsers {
  uids: ReadonlySet<number>;
}

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;
const STICKY = 0o1000;
const ROOT = 0;
/** As Linux follows them. */
const LINKS_MAX = 40;

/**
 * Who runs this process, root, and under sudo also who called it; `undefined` on systems without user ids, where
 * nothing can be told from a file's owner.
 */
export function trustedUsers(env: Readonly<Record<string, string | undefined>>): TrustedUsers | undefined {
  const own = process.geteuid?.();
  if (own === undefined) return undefined;
  const caller = own === ROOT && /^\d{1,10}$/.test(env["SUDO_UID"] ?? "") ? [Number(env["SUDO_UID"])] : [];
  return { uids: new Set([own, ROOT, ...caller]) };
}

/**
 * Why somebody else may have written the file at `path` or put it there; `undefined` when only `users` can have done
 * either. Symbolic links must be theirs, each on the way, and so must what they lead to.
 * @throws {Error} of the file system, when the file is not there or cannot be looked at
 */
export async function distrustOf(path: string, users: TrustedUsers): Promise<string | undefined> {
  let place = path;
  for (let links = 0; links <= LINKS_MAX; links += 1) {
    const entry = await lstat(place);
    const fault = entryFault(entry, users) ?? folderFault(await stat(dirname(place)), dirname(place), users);
    if (fault !== undefined) return place === path ? fault : `it leads to ${place}: ${fault}`;
    if (!entry.isSymbolicLink()) return undefined;
    // The folder without links: `..` in the target starts there.
    place = resolve(await realpath(dirname(place)), await readlink(place));
  }
  throw new Error(`ELOOP: more than ${LINKS_MAX} links, ${path}`);
}

function entryFault(file: Stats, users: TrustedUsers): string | undefined {
  if (!users.uids.has(file.uid)) return `it belongs to another user (uid ${file.uid})`;
  // The mode of a link says nothing.
  return !file.isSymbolicLink() && isOpenToOthers(file, users) ? "other users can write to it" : undefined;
}

function folderFault(folder: Stats, path: string, users: TrustedUsers): string | undefined {
  if (!users.uids.has(folder.uid)) return `its folder ${path} belongs to another user (uid ${folder.uid})`;
  // Where the folder is sticky, as /tmp is, others can add files and not replace ours.
  if ((folder.mode & STICKY) !== 0 || !isOpenToOthers(folder, users)) return undefined;
  return `other users can write to its folder ${path}`;
}

/** A group with the number of a trusted user is that user's own, as most Linux systems make it. */
function isOpenToOthers({ mode, gid }: Stats, users: TrustedUsers): boolean {
  return (mode & OTHERS_MAY_WRITE) !== 0 || ((mode & GROUP_MAY_WRITE) !== 0 && !users.uids.has(gid));
}
