import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolders, messageOf } from "@fota/shared";
import { replaceDurably, setAside } from "../boot/durable-files.js";
import { readSmallFile } from "../boot/small-file.js";
import { errnoOf, isFileFault, storageError } from "../boot/storage-error.js";
import type { Log, StateStore } from "../core/ports.js";

/** Readable by its owner alone: the saved state may hold a presigned URL. */
const STATE_MODE = 0o600;
/** Far above any state: a longer file is not one. */
const STATE_MAX_BYTES = 1024 * 1024;
/** What a file that cannot be read counts as: a text that is no state, unlike a file that is not there. */
const UNREADABLE = "";

/**
 * Keeps the state in the file `path`; its folder is made where it is missing. A file that cannot be read (EIO, a folder,
 * a FIFO, a link to itself) is set aside as `<path>.bad` and told to `log`; it loads as an empty text. Rejects with
 * STATE_ACCESS when the whole disk or the process is what refuses; the text from before is then still there.
 */
export function fileState(path: string, log?: Log): StateStore {
  return {
    async load() {
      try {
        return await readSmallFile(path, STATE_MAX_BYTES);
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        const fault = storageError("STATE_ACCESS", "the saved state cannot be read", path, error);
        if (!isFileFault(error)) throw fault;
        const kept = await setAside(path).then(
          () => `it is kept as ${path}.bad`,
          (refusal: unknown) => `it cannot be set aside: ${messageOf(refusal)}`,
        );
        log?.("error", `THE SAVED STATE IS LOST: ${fault.message}; ${kept}`);
        return UNREADABLE;
      }
    },
    async save(text) {
      try {
        await makeFolders(dirname(path), { mkdir, dirname });
        await replaceState(path, text);
      } catch (error) {
        throw storageError("STATE_ACCESS", "the state cannot be saved", path, error);
      }
    },
  };
}

async function replaceState(path: string, text: string): Promise<void> {
  const replace = () => replaceDurably(dirname(path), path, STATE_MODE, (handle) => handle.writeFile(text));
  try {
    await replace();
  } catch (error) {
    if (!["EISDIR", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
    await setAside(path); // a folder is under the name
    await replace();
  }
}
