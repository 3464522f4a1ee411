import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { FotaError, messageOf, S3_PUT_MAX_BYTES } from "@fota/shared";
import { createDigester, type Digests } from "./digests.js";

/** Reads in pieces of this size: small enough for flat memory, large enough to keep the digests busy. */
export const READ_SIZE_BYTES = 1024 * 1024;

export interface ImageFile extends Digests {
  path: string;
  name: string;
}

/**
 * Checks an image file and reads it once, for its digests.
 * @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_EMPTY, IMAGE_TOO_LARGE, IMAGE_CHANGED
 */
export async function readImageFile(
  path: string,
  { cwd, signal, onBytes }: { cwd: string; signal: AbortSignal; onBytes: (count: number) => void },
): Promise<ImageFile> {
  const absolute = resolve(cwd, path);
  const { size } = await checkFile(absolute, path);
  const digester = createDigester();
  try {
    for await (const piece of createReadStream(absolute, { highWaterMark: READ_SIZE_BYTES, signal })) {
      digester.update(piece);
      onBytes(piece.length);
    }
  } catch (cause) {
    throw new FotaError("IMAGE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  const digests = digester.digests();
  if (digests.sizeBytes !== size) throw imageChanged(path);
  return { path: absolute, name: basename(absolute), ...digests };
}

export function imageChanged(path: string): FotaError {
  return new FotaError("IMAGE_CHANGED", `${path} changed while it was being read`, {
    hint: "let the build finish, then publish again; no job was created",
  });
}

async function checkFile(absolute: string, path: string): Promise<{ size: number }> {
  const found = await stat(absolute).catch((cause: unknown) => {
    throw new FotaError("IMAGE_NOT_FOUND", `there is no file ${path}`, {
      hint: "give the path of the image that the build wrote",
      cause,
    });
  });
  if (found.isDirectory()) throw unreadable(path, "it is a folder", "give the file in it");
  if (!found.isFile()) throw unreadable(path, "it is not a regular file", "save it to a file first");
  await access(absolute, constants.R_OK).catch((cause: unknown) => {
    throw unreadable(path, "permission denied", "check the file's owner and mode", cause);
  });
  if (found.size === 0) {
    throw new FotaError("IMAGE_EMPTY", `${path} is empty`, { hint: "check that the build went to its end" });
  }
  if (found.size > S3_PUT_MAX_BYTES) {
    throw new FotaError(
      "IMAGE_TOO_LARGE",
      `${path} has ${found.size} bytes, one upload takes ${S3_PUT_MAX_BYTES}`,
      {
        hint: "S3 takes 5 GiB in one request; make the image smaller",
      },
    );
  }
  return found;
}

function unreadable(path: string, reason: string, hint: string, cause?: unknown): FotaError {
  return new FotaError("IMAGE_UNREADABLE", `cannot read ${path}: ${reason}`, { hint, cause });
}
