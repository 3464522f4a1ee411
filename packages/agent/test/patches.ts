import { createHash } from "node:crypto";
import { DELTA_HEADER_BYTES, type DocumentDelta, encodeDeltaHeader, FRAME_HEADER_BYTES } from "@fota/shared";
import { imageInMemory } from "../../cli/src/image/image-bytes.js";
import { encodeFrames } from "../../cli/src/patches/encode-frames.js";
import { matchSuffixes } from "../../cli/src/patches/match-suffixes.js";

export const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Returns the patch from `old` to `image`; without `old`, the compressed image. */
export async function makePatch(
  old: Uint8Array | undefined,
  image: Uint8Array,
  frameBytes = 4096,
): Promise<Uint8Array> {
  const idOf = (bytes: Uint8Array) => ({ sizeBytes: bytes.length, sha256: sha256Of(bytes) });
  const header = { frameBytes, image: idOf(image), ...(old && { from: idOf(old) }) };
  const segments =
    old === undefined
      ? [{ oldStart: 0, diffBytes: 0, literalBytes: image.length }]
      : [...matchSuffixes(old, image)].filter((segment) => segment !== undefined);
  const parts = [encodeDeltaHeader(header)];
  async function* each() {
    yield* segments;
  }
  const from = imageInMemory(old ?? new Uint8Array(0));
  for await (const frame of encodeFrames(from, imageInMemory(image), each(), frameBytes)) {
    parts.push(Uint8Array.from(frame));
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** Returns the entry of `bc_delta` for a patch from `old`, or for a compressed image. */
export function entryOf(old: Uint8Array | undefined, patch: Uint8Array, url: string): DocumentDelta {
  const from = old && { from_sha256: sha256Of(old), from_size: old.length };
  return { ...from, url, bytes: patch.length, sha256: sha256Of(patch) };
}

/** Returns where the frames of a patch begin. */
export function frameStarts(patch: Uint8Array): number[] {
  const view = new DataView(patch.buffer, patch.byteOffset);
  const starts: number[] = [];
  for (
    let at = DELTA_HEADER_BYTES;
    at < patch.length;
    at += FRAME_HEADER_BYTES + view.getUint32(at + 1, true)
  ) {
    starts.push(at);
  }
  return starts;
}

/** Returns an image that deflate makes smaller by half, as a program is. */
export function firmwareOf(seed: number, sizeBytes: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: sizeBytes }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 7;
  });
}

/** Returns the next release of an image: changed here and there, with a few bytes more and less, and a new end. */
export function nextOf(image: Uint8Array, sizeBytes: number): Uint8Array {
  const end = firmwareOf(99, sizeBytes);
  const moved = [
    ...image.subarray(0, 1_000),
    7,
    7,
    7,
    ...image.subarray(1_000, 3_000),
    ...image.subarray(3_001),
  ];
  for (let at = 500; at < moved.length; at += 700) moved[at] = ((moved[at] ?? 0) + 3) & 255;
  return Uint8Array.from({ length: sizeBytes }, (_, at) => moved[at] ?? end[at] ?? 0);
}
