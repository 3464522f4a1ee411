import { deflateRawSync } from "node:zlib";
import {
  COPY_PAYLOAD_BYTES,
  FRAME_COPY,
  FRAME_DEFLATED,
  FRAME_DELTA,
  FRAME_HEADER_BYTES,
  FRAME_STORED,
  opsBytesMax,
  putNumber,
} from "@fota/shared";
import type { ImageBytes } from "../image/image-bytes.js";
import type { Segment } from "./segment.js";

/** Encodes the frames of a patch in order (docs/delta.md). Each frame takes the smallest of the kinds that it can have. */
export async function* encodeFrames(
  old: ImageBytes,
  image: ImageBytes,
  segments: AsyncIterator<Segment>,
  frameBytes: number,
): AsyncGenerator<Uint8Array> {
  const pieces = new Pieces(segments);
  for (let at = 0; at < image.sizeBytes; at += frameBytes) {
    const bytes = image.read(at, Math.min(frameBytes, image.sizeBytes - at));
    yield encodeFrame(old, bytes, await pieces.take(bytes.length), at, frameBytes);
  }
}

/** A part of a segment that lies in one frame. */
interface Piece {
  /** `undefined`: literal bytes. */
  oldStart?: number;
  lengthBytes: number;
}

/** Cuts segments where frames end. */
class Pieces {
  readonly #segments: AsyncIterator<Segment>;
  readonly #waiting: Piece[] = [];

  constructor(segments: AsyncIterator<Segment>) {
    this.#segments = segments;
  }

  /** Returns the pieces of the next `lengthBytes` bytes. */
  async take(lengthBytes: number): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for (let left = lengthBytes; left > 0; ) {
      const piece = this.#waiting.shift() ?? (await this.#next());
      const count = Math.min(left, piece.lengthBytes);
      pieces.push({ ...piece, lengthBytes: count });
      left -= count;
      if (count === piece.lengthBytes) continue;
      const { oldStart, lengthBytes: all } = piece;
      this.#waiting.unshift({
        ...(oldStart !== undefined && { oldStart: oldStart + count }),
        lengthBytes: all - count,
      });
    }
    return pieces;
  }

  async #next(): Promise<Piece> {
    const next = await this.#segments.next();
    if (next.done === true) throw new Error("the segments end before the image");
    const { oldStart, diffBytes, literalBytes } = next.value;
    if (diffBytes === 0) return { lengthBytes: literalBytes };
    if (literalBytes > 0) this.#waiting.push({ lengthBytes: literalBytes });
    return { oldStart, lengthBytes: diffBytes };
  }
}

function encodeFrame(
  old: ImageBytes,
  bytes: Uint8Array,
  pieces: Piece[],
  frameStart: number,
  frameBytes: number,
): Uint8Array {
  const [first] = pieces;
  const isLiteral = pieces.every((piece) => piece.oldStart === undefined);
  let best = { kind: FRAME_STORED, payload: bytes };
  if (!isLiteral) {
    const { ops, data, isSame } = differences(old, bytes, pieces, frameStart);
    if (pieces.length === 1 && isSame && first?.oldStart !== undefined) {
      return withHeader(FRAME_COPY, offsetPayload(first.oldStart));
    }
    if (ops.length <= opsBytesMax(frameBytes)) {
      const payload = deflate(Buffer.concat([Uint8Array.from(ops), data]));
      if (payload.length < best.payload.length) best = { kind: FRAME_DELTA, payload };
    }
  }
  // Differences that shrink this far are smaller than the bytes themselves.
  if (best.payload.length > bytes.length / 4) {
    const payload = deflate(bytes);
    if (payload.length < best.payload.length) best = { kind: FRAME_DEFLATED, payload };
  }
  return withHeader(best.kind, best.payload);
}

function deflate(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { level: 9, memLevel: 9 });
}

/** Returns the operations of a delta frame and the bytes after them; `isSame` if these are all 0. */
function differences(
  old: ImageBytes,
  bytes: Uint8Array,
  pieces: Piece[],
  frameStart: number,
): { ops: number[]; data: Uint8Array; isSame: boolean } {
  const ops: number[] = [];
  const data = Uint8Array.from(bytes);
  let isSame = true;
  let done = 0;
  let oldEnd = frameStart;
  let literalBytes = 0;
  for (const { oldStart, lengthBytes } of pieces) {
    if (oldStart === undefined) {
      literalBytes += lengthBytes;
      isSame = false;
    } else {
      const distance = oldStart - (oldEnd + literalBytes);
      putVarint(ops, literalBytes);
      putVarint(ops, lengthBytes);
      putVarint(ops, distance >= 0 ? distance * 2 : -distance * 2 - 1);
      const before = old.read(oldStart, lengthBytes);
      for (let index = 0; index < lengthBytes; index += 1) {
        const difference = ((data[done + index] as number) - (before[index] as number)) & 0xff;
        if (difference !== 0) isSame = false;
        data[done + index] = difference;
      }
      oldEnd = oldStart + lengthBytes;
      literalBytes = 0;
    }
    done += lengthBytes;
  }
  if (literalBytes > 0) {
    putVarint(ops, literalBytes);
    putVarint(ops, 0);
  }
  return { ops, data, isSame };
}

function putVarint(into: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    into.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  into.push(rest);
}

function offsetPayload(offsetBytes: number): Uint8Array {
  const payload = new Uint8Array(COPY_PAYLOAD_BYTES);
  putNumber(payload, 0, offsetBytes);
  return payload;
}

function withHeader(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, payload.length, true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}
