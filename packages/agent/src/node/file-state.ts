import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolders } from "@fota/shared";
import { replaceDurably } from "../boot/durable-files.js";
import { errnoOf, storageError } from "../boot/storage-error.js";
import type { StateStore } from "../core/ports.js";

/** Readable by its owner alone: the saved state may hold a presigned URL. */
const STATE_MODE = 0o600;

/**
 * Keeps the state in the file `path`; its folder is made where it is missing. Rejects with STATE_ACCESS when the disk
 * refuses; the text from before is then still there.
 */
export function fileState(path: string): StateStore {
  return {
    async load() {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw storageError("STATE_ACCESS", "the saved state cannot be read", path, error);
      }
    },
    async save(text) {
      try {
        await makeFolders(dirname(path), { mkdir, dirname });
        await replaceDurably(dirname(path), path, STATE_MODE, (handle) => handle.writeFile(text));
      } catch (error) {
        throw storageError("STATE_ACCESS", "the state cannot be saved", path, error);
      }
    },
  };
}
