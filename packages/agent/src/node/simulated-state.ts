import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import { overwrite } from "../boot/overwrite.js";
import { errnoOf } from "../boot/storage-error.js";
import type { StateStore } from "../core/ports.js";

/** Readable only by its owner: the saved state may hold a presigned URL. */
const STATE_MODE = 0o600;

/** A text as a file has it. The one with the higher sequence is newer. */
interface Copy {
  sequence: number;
  text: string;
}

/**
 * Keeps the state of a simulated device in the files `path` and `<path>.new`. It survives the end of this process, also by
 * `kill -9`, but not a power cut of this machine: for many devices, waiting for the disk would take longer than their
 * updates. Rejects with STATE_ACCESS if a file cannot be read or written.
 *
 * `save` overwrites the older of the two files in place, so that one is whole at any time; a digest tells which. It creates
 * no files, because ext4 then searches for an inode that was not in use a short time ago.
 */
export function simulatedState(path: string): StateStore {
  const paths = [path, `${path}.new`] as const;
  /** The sequence of the newest copy, and the file that has it. */
  let newest: { sequence: number; at: 0 | 1 } | undefined;

  function load(): string | undefined {
    const [first, second] = paths.map(readCopy);
    const isSecond = second !== undefined && (first === undefined || second.sequence > first.sequence);
    const found = isSecond ? second : first;
    newest = { sequence: found?.sequence ?? 0, at: isSecond || found === undefined ? 1 : 0 };
    return found?.text;
  }

  return {
    async load() {
      try {
        return load();
      } catch (error) {
        throw fault("read", path, error);
      }
    },
    async save(text) {
      try {
        if (newest === undefined) load();
        const { sequence, at } = newest ?? { sequence: 0, at: 1 };
        const next = { sequence: sequence + 1, at: at === 0 ? 1 : 0 } as const;
        write(paths[next.at], formatCopy({ sequence: next.sequence, text }));
        newest = next;
      } catch (error) {
        throw fault("write", path, error);
      }
    },
  };
}

/** Returns `#<SHA-256 of the rest> <sequence>\n<text>`. */
function formatCopy({ sequence, text }: Copy): string {
  const rest = `${sequence}\n${text}`;
  return `#${digest(rest)} ${rest}`;
}

/**
 * Parses a file; `undefined` if a process was killed while it wrote it. One without a digest is from an earlier release,
 * which replaced whole files.
 */
function parseCopy(content: string): Copy | undefined {
  if (!content.startsWith("#")) return content === "" ? undefined : { sequence: 0, text: content };
  const [expected, rest] = [content.slice(1, 65), content.slice(66)];
  if (digest(rest) !== expected) return undefined;
  const textAt = rest.indexOf("\n") + 1;
  return { sequence: Number(rest.slice(0, textAt)), text: rest.slice(textAt) };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Reads a copy; `undefined` if there is none, or it is torn. */
function readCopy(path: string): Copy | undefined {
  try {
    return parseCopy(readFileSync(path, "utf8"));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Overwrites a file, and creates its folder if that is missing. */
function write(path: string, content: string): void {
  try {
    overwrite(path, content, STATE_MODE);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    overwrite(path, content, STATE_MODE);
  }
}

function fault(doing: string, path: string, cause: unknown): FotaError {
  return new FotaError("STATE_ACCESS", `cannot ${doing} ${path}: ${messageOf(cause)}`, {
    hint: "check the folder of the device",
    cause,
  });
}
