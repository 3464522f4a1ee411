import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { DELTA_HEADER_BYTES, type DeltaHeader, FotaError, PatchReader, parseDeltaHeader } from "@fota/shared";
import type { OpenImage } from "../image/image-bytes.js";
import { type DeltaImage, inflateInto, OLD_MEMORY_BYTES } from "./make-delta.js";

/** Reads the header of a patch in a file. @throws {FotaError} DELTA_INVALID; errors of the file */
export async function readDeltaHeader(path: string): Promise<DeltaHeader> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(DELTA_HEADER_BYTES), 0, DELTA_HEADER_BYTES, 0);
    return parseDeltaHeader(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

export interface ApplyRequest {
  /** The patch, and its header as `readDeltaHeader` returned it. */
  path: string;
  header: DeltaHeader;
  /** The image that the patch is made for; `undefined` for a compressed whole image. */
  old: Pick<DeltaImage, "open"> | undefined;
  signal: AbortSignal;
  /** Gets the image piece by piece. */
  store(bytes: Uint8Array): Promise<void>;
}

/**
 * Makes the image of a patch, and compares its digest with the one in the header.
 * @throws {FotaError} DELTA_INVALID; INTERRUPTED; errors of the files and of `store`
 */
export async function applyDelta({ path, header, old, signal, store }: ApplyRequest): Promise<void> {
  const sha256 = createHash("sha256");
  let base: OpenImage | undefined;
  try {
    base = await old?.open(OLD_MEMORY_BYTES);
    const reader = new PatchReader({
      image: header.image,
      from: header.from,
      inflate: inflateInto,
      readOld: async (offsetBytes, bytes) => {
        if (base !== undefined) bytes.set(base.read(offsetBytes, bytes.length));
      },
    });
    for await (const piece of createReadStream(path)) {
      await reader.write(piece, async (bytes) => {
        sha256.update(bytes);
        await store(bytes);
      });
      await setImmediate();
      if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted");
    }
    if (!reader.isComplete) throw new FotaError("DELTA_INVALID", "the patch is not valid: it ends early");
  } finally {
    await base?.close();
  }
  if (sha256.digest("hex") === header.image.sha256) return;
  throw new FotaError("DELTA_INVALID", "the patch is not valid: it makes an image with another digest");
}
