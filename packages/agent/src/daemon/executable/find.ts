import { constants, type Stats } from "node:fs";
import { access, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, isFotaError } from "@fota/shared";
import { errnoOf, storageError } from "../../boot/storage-error.js";
import { fileStart } from "./file-start.js";

/** Bit of a file mode: every user may write. */
const WORLD_WRITABLE = 0o002;
/** Bit of a file mode: in a folder, only the owner of a file may replace it. */
const STICKY = 0o1000;
/** Bits of a file mode: every user may execute. */
const ALL_EXECUTE = 0o111;

/**
 * Returns the path of the executable `name` in `dir`; `undefined` if there is none.
 * @throws {FotaError} CONFIG_INVALID if it is there and must not or cannot be executed
 */
export async function findExecutable(dir: string, name: string): Promise<string | undefined> {
  const path = join(dir, name);
  try {
    if (!(await exists(path))) return undefined;
    const found = await stat(path);
    checkOwner(path, await lstat(path)); // in a sticky folder, every user can place a link to a file of root
    checkOwner(path, found);
    checkMode(path, found);
    const folder = await stat(dir);
    checkOwner(dir, folder);
    if ((folder.mode & WORLD_WRITABLE) !== 0 && (folder.mode & STICKY) === 0) {
      throw fault(dir, "can be written by every user", `run \`chmod o-w ${dir}\``);
    }
    await checkExecutable(path, found);
    return path;
  } catch (error) {
    if (isFotaError(error)) throw error;
    if (errnoOf(error) === "ENOENT") {
      throw fault(path, "is a link to a file that does not exist", "restore the file, or remove the link");
    }
    throw storageError("CONFIG_INVALID", "cannot use the executable", path, error);
  }
}

/**
 * Returns the names in a folder of executables; none if it does not exist.
 * @throws {FotaError} CONFIG_INVALID if it cannot be read
 */
export async function listExecutables(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw storageError("CONFIG_INVALID", "cannot read the folder", dir, error);
  }
}

/** Tells whether there is something at `path`: also a link that leads nowhere, which must not count as absent. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

function checkOwner(path: string, found: Stats): void {
  const users = [0, process.getuid?.() ?? 0];
  if (users.includes(found.uid)) return;
  throw fault(
    path,
    `belongs to user ${found.uid}, who could have fota-agent run anything`,
    `run \`chown ${found.isSymbolicLink() ? "-h " : ""}root ${path}\``,
  );
}

function checkMode(path: string, { mode }: Stats): void {
  if ((mode & WORLD_WRITABLE) !== 0) {
    throw fault(path, "can be written by every user", `run \`chmod o-w ${path}\``);
  }
}

/** A file that was lost in a power cut is often empty, and a shell takes that as a script that succeeds. */
async function checkExecutable(path: string, found: Stats): Promise<void> {
  if (!found.isFile()) throw fault(path, "is not a file", "replace it with an executable file");
  if (found.size === 0) throw fault(path, "is empty", "write it again, or remove it");
  await access(path, constants.X_OK).catch(() => {
    if ((found.mode & ALL_EXECUTE) !== ALL_EXECUTE) {
      throw fault(path, "is not executable", `run \`chmod +x ${path}\``);
    }
    throw fault(
      path,
      "is on a file system that is mounted noexec",
      "mount it without noexec, or move the folder",
    );
  });
  const { interpreter, hasWindowsLineEnds } = await fileStart(path);
  if (hasWindowsLineEnds) {
    throw fault(path, "has Windows line ends", `run \`sed -i 's/\\r$//' ${path}\``);
  }
  if (interpreter === undefined) return;
  await access(interpreter, constants.X_OK).catch(() => {
    throw fault(
      path,
      `needs the interpreter ${interpreter}, which does not exist or is not executable`,
      `install it, or change the first line of ${path}`,
    );
  });
}

function fault(path: string, what: string, hint: string): FotaError {
  return new FotaError("CONFIG_INVALID", `${path} ${what}`, { hint });
}
