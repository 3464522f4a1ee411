import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { FotaError, messageOf } from "@fota/shared";
import { kindOf } from "../../boot/slot-files.js";

const PIECE_BYTES = 256 * 1024;

/** Size and digests of an image. */
export interface ImageDigest {
  sizeBytes: number;
  md5: string;
  sha256: string;
}

/** An image in a file that is open, so that it cannot be replaced between the digest and the copy. */
export interface ImageFile extends ImageDigest {
  /** Reads the image from its start. Throws if the file has become shorter. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens an image and computes its digests.
 * @throws {FotaError} IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_EMPTY
 */
export async function openImage(path: string): Promise<ImageFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new FotaError(
      isMissing ? "IMAGE_NOT_FOUND" : "IMAGE_UNREADABLE",
      isMissing ? `there is no image at ${path}` : `cannot read ${path}: ${messageOf(cause)}`,
      { cause, hint: "check the path and its permissions" },
    );
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) {
      throw new FotaError("IMAGE_UNREADABLE", `${path} is ${kindOf(found)}, not a file`, {
        hint: "give a file",
      });
    }
    if (found.size === 0) {
      throw new FotaError("IMAGE_EMPTY", `${path} is empty`, { hint: "check that the build finished" });
    }
    const [md5, sha256] = [createHash("md5"), createHash("sha256")];
    for await (const piece of piecesOf(handle, found.size)) {
      md5.update(piece);
      sha256.update(piece);
    }
    return {
      sizeBytes: found.size,
      md5: md5.digest("hex"),
      sha256: sha256.digest("hex"),
      read: () => piecesOf(handle, found.size),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* piecesOf(handle: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let offset = 0; offset < sizeBytes; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE_BYTES, sizeBytes - offset), offset);
    if (bytesRead === 0)
      throw new FotaError("IMAGE_CHANGED", `the image ends after ${offset} of ${sizeBytes} bytes`);
    yield buffer.slice(0, bytesRead);
    offset += bytesRead;
  }
}
