import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import {
  DELTA_HEADER_BYTES,
  type DeltaHeader,
  FotaError,
  FRAME_HEADER_BYTES,
  parseFrameHeader,
} from "@fota/shared";
import { readDeltaHeader } from "./apply-delta.js";

/** The kinds of frames, by their number in the format. */
export const FRAME_KINDS = ["stored", "deflated", "copy", "delta"] as const;

interface FrameCount {
  kind: (typeof FRAME_KINDS)[number];
  count: number;
  /** In the patch, with their headers. */
  bytes: number;
}

/** What a patch file holds. */
export interface InspectedDelta {
  header: DeltaHeader;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** The kinds that the patch has. */
  frames: FrameCount[];
}

/** Reads the headers of a patch and of its frames. @throws {FotaError} DELTA_INVALID; errors of the file */
export async function inspectDelta(path: string): Promise<InspectedDelta> {
  const header = await readDeltaHeader(path);
  const sha256 = createHash("sha256");
  for await (const piece of createReadStream(path)) sha256.update(piece);
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return {
      header,
      bytes: size,
      sha256: sha256.digest("hex"),
      frames: await countFrames(file, header, size),
    };
  } finally {
    await file.close();
  }
}

async function countFrames(file: FileHandle, header: DeltaHeader, sizeBytes: number): Promise<FrameCount[]> {
  const { frameBytes, image, from } = header;
  const counts = FRAME_KINDS.map((kind): FrameCount => ({ kind, count: 0, bytes: 0 }));
  let at = DELTA_HEADER_BYTES;
  for (let made = 0; made < image.sizeBytes; made += frameBytes) {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(FRAME_HEADER_BYTES),
      0,
      FRAME_HEADER_BYTES,
      at,
    );
    if (bytesRead < FRAME_HEADER_BYTES) throw endsEarly();
    const lengthBytes = Math.min(frameBytes, image.sizeBytes - made);
    const { kind, payloadBytes } = parseFrameHeader(buffer, { lengthBytes, oldBytes: from?.sizeBytes ?? 0 });
    const count = counts[kind] as FrameCount;
    count.count += 1;
    count.bytes += FRAME_HEADER_BYTES + payloadBytes;
    at += FRAME_HEADER_BYTES + payloadBytes;
  }
  if (at > sizeBytes) throw endsEarly();
  if (at < sizeBytes) {
    throw new FotaError(
      "DELTA_INVALID",
      `the patch is not valid: ${sizeBytes - at} bytes follow its last frame`,
    );
  }
  return counts.filter(({ count }) => count > 0);
}

function endsEarly(): FotaError {
  return new FotaError("DELTA_INVALID", "the patch is not valid: it ends early");
}
