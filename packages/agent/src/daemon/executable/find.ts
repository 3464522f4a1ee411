import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../../boot/storage-error.js";

/** Bit of a file mode: every user may write. */
const WORLD_WRITABLE = 0o002;
/** Bit of a file mode: in a folder, only the owner of a file may replace it. */
const STICKY = 0o1000;

/**
 * Returns the path of the executable `name` in `dir`; `undefined` if there is none.
 * @throws {FotaError} CONFIG_INVALID if it must not or cannot be executed
 */
export async function findExecutable(dir: string, name: string): Promise<string | undefined> {
  const path = join(dir, name);
  try {
    const found = await stat(path);
    if (!found.isFile()) throw fault(path, "is not a file", "replace it with an executable file");
    const users = [0, process.getuid?.() ?? 0];
    if (!users.includes(found.uid)) {
      throw fault(
        path,
        `belongs to user ${found.uid}, who could have fota-agent run anything`,
        `run \`chown root ${path}\``,
      );
    }
    if ((found.mode & WORLD_WRITABLE) !== 0) {
      throw fault(path, "can be written by every user", `run \`chmod o-w ${path}\``);
    }
    const folder = await stat(dir);
    if ((folder.mode & WORLD_WRITABLE) !== 0 && (folder.mode & STICKY) === 0) {
      throw fault(dir, "can be written by every user", `run \`chmod o-w ${dir}\``);
    }
    await access(path, constants.X_OK);
    return path;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
    if (errno === undefined) throw error;
    if (errno === "EACCES") throw fault(path, "is not executable", `run \`chmod +x ${path}\``);
    throw fault(path, `cannot be used: ${messageOf(error)}`, "check the file and its folder");
  }
}

function fault(path: string, what: string, hint: string): FotaError {
  return new FotaError("CONFIG_INVALID", `${path} ${what}`, { hint });
}
