import type { Stats } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Users whose files count as our own. */
export interface TrustedUsers {
  uids: ReadonlySet<number>;
}

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;
const STICKY = 0o1000;
const ROOT = 0;

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
 * either. A symbolic link and what it leads to must both be theirs.
 * @throws {Error} of the file system, when the file is not there or cannot be looked at
 */
export async function distrustOf(path: string, users: TrustedUsers): Promise<string | undefined> {
  const link = await lstat(path);
  const because = entryFault(link, users) ?? folderFault(await stat(dirname(path)), dirname(path), users);
  if (because !== undefined || !link.isSymbolicLink()) return because;
  const target = await realpath(path);
  const fault =
    entryFault(await stat(target), users) ?? folderFault(await stat(dirname(target)), dirname(target), users);
  return fault === undefined ? undefined : `it leads to ${target}: ${fault}`;
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
