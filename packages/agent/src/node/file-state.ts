import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolders, messageOf } from "@fota/shared";
import { replaceDurably, setAside } from "../boot/durable-files.js";
import { readSmallFile } from "../boot/small-file.js";
import { errnoOf, isFileFault, storageError } from "../boot/storage-error.js";
import type { Log, StateStore } from "../core/ports.js";

/** Readable only by its owner: the saved state may hold a presigned URL. */
const STATE_MODE = 0o600;
/** Far above the size of any state. */
const STATE_MAX_BYTES = 1024 * 1024;
/** Loaded instead of a file that cannot be read. Unlike `undefined`, it tells the agent that a state was lost. */
const UNREADABLE = "";

/**
 * Keeps the state in the file `path` and creates its folder if needed. A file that cannot be read (EIO, a folder, a
 * FIFO, a link to itself) is logged, renamed to `<path>.bad`, and loads as an empty text. `load` and `save` reject with
 * STATE_ACCESS if the whole disk or this process cannot read or write; the previous file is then kept.
 */
export function fileState(path: string, log?: Log): StateStore {
  return {
    load: () =>
      readState(path, async (fault) => {
        const kept = await setAside(path).then(
          () => `the file is kept as ${path}.bad`,
          (renameError: unknown) => `the file cannot be renamed: ${messageOf(renameError)}`,
        );
        log?.("error", `THE SAVED STATE IS LOST: ${fault}; ${kept}`);
      }),
    async save(text) {
      const folder = dirname(path);
      const replace = () => replaceDurably(folder, path, STATE_MODE, (handle) => handle.writeFile(text));
      try {
        await makeFolders(folder, { mkdir, dirname });
        await replace().catch(async (error: unknown) => {
          if (!["EISDIR", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
          await setAside(path); // a folder has that name
          await replace();
        });
      } catch (error) {
        throw storageError("STATE_ACCESS", "cannot save the state", path, error);
      }
    },
  };
}

/** Reads what `fileState` keeps, only to show it: leaves a file that cannot be read where it is. */
export function fileStateView(path: string, log?: Log): Pick<StateStore, "load"> {
  return { load: () => readState(path, async (fault) => log?.("warn", fault)) };
}

/** Calls `onLost` if the file itself cannot be read, and then returns an empty text. */
async function readState(
  path: string,
  onLost: (fault: string) => Promise<void>,
): Promise<string | undefined> {
  try {
    return await readSmallFile(path, STATE_MAX_BYTES);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    const fault = storageError("STATE_ACCESS", "cannot read the saved state", path, error);
    if (!isFileFault(error)) throw fault;
    await onLost(fault.message);
    return UNREADABLE;
  }
}
