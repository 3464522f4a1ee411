import { existsSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { StateStore } from "@fota/agent";
import { FotaError, messageOf } from "@fota/shared";

/**
 * Keeps the state of a virtual device in the file `path`. It survives the end of this process, also by `kill -9`, but
 * not a power cut of this machine: for many devices, waiting for the disk would take longer than their updates.
 * Rejects with STATE_ACCESS if the file cannot be read or written.
 *
 * `save` writes a second file, removes the first, and renames the second. A rename onto a file would be one step, but ext4
 * then writes it to the disk. If the process ends between the two, the second file is complete, and `load` finds it.
 */
export function processState(path: string): StateStore {
  const next = `${path}.new`;
  /** True after a complete save: there is no second file, so the next save need not look for one. */
  let isComplete = false;

  /** Puts a complete second file in place of the first. What a process wrote while the first existed may be torn. */
  function recover(): void {
    if (!existsSync(path) && existsSync(next)) renameSync(next, path);
  }

  return {
    async load() {
      try {
        recover();
        return read(path);
      } catch (error) {
        throw fault("read", path, error);
      }
    },
    async save(text) {
      try {
        if (!isComplete || !existsSync(dirname(path))) {
          mkdirSync(dirname(path), { recursive: true });
          recover();
          remove(next);
        }
        isComplete = false;
        writeFileSync(next, text, { mode: 0o600 }); // it may hold a presigned URL
        remove(path);
        renameSync(next, path);
        isComplete = true;
      } catch (error) {
        throw fault("write", path, error);
      }
    },
  };
}

/** Reads a file; `undefined` if it does not exist. */
function read(path: string): string | undefined {
  return ifExists(() => readFileSync(path, "utf8"));
}

/** Removes a file if it exists. In Node.js 20, this takes three system calls less than `rmSync`. */
function remove(path: string): void {
  ifExists(() => unlinkSync(path));
}

function ifExists<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function fault(doing: string, path: string, cause: unknown): FotaError {
  return new FotaError("STATE_ACCESS", `cannot ${doing} ${path}: ${messageOf(cause)}`, {
    hint: "--dir names the folder of the device",
    cause,
  });
}
