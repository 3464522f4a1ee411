import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { StateStore } from "@fota/agent";
import { FotaError, messageOf } from "@fota/shared";

/**
 * Keeps the state of a virtual device in the file `path`. It survives the end of this process, also by `kill -9`, but
 * not a power cut of this machine: for many devices, waiting for the disk would take longer than their updates.
 * Rejects with STATE_ACCESS if the file cannot be read or written.
 */
export function processState(path: string): StateStore {
  return {
    async load() {
      try {
        return readFileSync(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw fault("read", path, error);
      }
    },
    async save(text) {
      try {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(`${path}.new`, text, { mode: 0o600 }); // it may hold a presigned URL
        renameSync(`${path}.new`, path);
      } catch (error) {
        throw fault("write", path, error);
      }
    },
  };
}

function fault(doing: string, path: string, cause: unknown): FotaError {
  return new FotaError("STATE_ACCESS", `cannot ${doing} ${path}: ${messageOf(cause)}`, {
    hint: "--dir names the folder of the device",
    cause,
  });
}
