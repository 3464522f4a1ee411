import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { StateStore } from "@fota/agent";
import { FotaError, messageOf } from "@fota/shared";

/** A text as a file has it. The one with the higher sequence is newer. */
interface Copy {
  sequence: number;
  text: string;
}

/**
 * Keeps the state of a virtual device in the files `path` and `<path>.new`. It survives the end of this process, also by
 * `kill -9`, but not a power cut of this machine: for many devices, waiting for the disk would take longer than their
 * updates. Rejects with STATE_ACCESS if a file cannot be read or written.
 *
 * `save` overwrites the older of the two files in place, so that one is whole at any time; a digest tells which. It creates
 * no files, because ext4 then searches for an inode that was not in use a short time ago.
 */
export function processState(path: string): StateStore {
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
        overwrite(paths[next.at], formatCopy({ sequence: next.sequence, text }));
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
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function overwrite(path: string, content: string): void {
  const file = openToWrite(path);
  try {
    writeFileSync(file, content); // unlike writeSync, it writes all bytes or throws
    ftruncateSync(file, Buffer.byteLength(content));
  } finally {
    closeSync(file);
  }
}

/** Opens a file, and creates it and its folder if they are missing. The state may hold a presigned URL. */
function openToWrite(path: string): number {
  const open = () => openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    return open();
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    return open();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function fault(doing: string, path: string, cause: unknown): FotaError {
  return new FotaError("STATE_ACCESS", `cannot ${doing} ${path}: ${messageOf(cause)}`, {
    hint: "--dir names the folder of the device",
    cause,
  });
}
