import { invalidDelta, takeNumber } from "./header.js";

/** Bytes before the payload of a frame: its kind, and the size of its payload. */
export const FRAME_HEADER_BYTES = 5;

/** The kinds of frames (docs/delta.md). */
export const FRAME_STORED = 0;
export const FRAME_DEFLATED = 1;
export const FRAME_COPY = 2;
export const FRAME_DELTA = 3;

/** Size of the payload of a copy frame: an offset in the old image. */
export const COPY_PAYLOAD_BYTES = 8;

/** The old image is read in pieces of at most this many bytes. */
const OLD_PIECE_BYTES = 4096;

/** Returns the most bytes that the operations of a delta frame may take. */
export function opsBytesMax(frameBytes: number): number {
  return frameBytes / 4;
}

/** Returns the memory that a frame needs: its operations, its bytes, and one byte to notice that it has more. */
export function scratchBytes(frameBytes: number): number {
  return frameBytes + opsBytesMax(frameBytes) + 1;
}

/**
 * Inflates one raw deflate stream (RFC 1951) into `out` and returns the number of bytes. Never writes beyond `out`: if
 * the stream holds more, it throws or returns `out.length`. Throws if the stream is damaged.
 */
export type Inflate = (payload: Uint8Array, out: Uint8Array) => number;

/** Fills `bytes` from the old image, from `offsetBytes` on. Called only for ranges inside the old image. */
export type ReadOld = (offsetBytes: number, bytes: Uint8Array) => Promise<void>;

/** Where a frame is, and what it may use. */
export interface FrameContext {
  /** Bytes of each frame but the last. */
  frameBytes: number;
  /** Where the frame begins in the new image. */
  offsetBytes: number;
  /** Bytes of the new image in this frame. */
  lengthBytes: number;
  /** Size of the old image; 0 without one. */
  oldBytes: number;
  inflate: Inflate;
  readOld: ReadOld;
  /** `scratchBytes(frameBytes)` bytes. */
  scratch: Uint8Array;
}

/** Reads kind and size of the payload. @throws {FotaError} DELTA_INVALID if they cannot be those of a frame */
export function parseFrameHeader(
  bytes: Uint8Array,
  { lengthBytes, oldBytes }: Pick<FrameContext, "lengthBytes" | "oldBytes">,
): { kind: number; payloadBytes: number } {
  const [kind = 0, a = 0, b = 0, c = 0, d = 0] = bytes;
  const payloadBytes = a + b * 0x100 + c * 0x1_0000 + d * 0x100_0000;
  if (kind > FRAME_DELTA) throw invalidDelta(`a frame has kind ${kind}`);
  if (kind >= FRAME_COPY && oldBytes === 0) {
    throw invalidDelta("a frame refers to an old image, and the patch has none");
  }
  const isPossible =
    kind === FRAME_STORED
      ? payloadBytes === lengthBytes
      : kind === FRAME_COPY
        ? payloadBytes === COPY_PAYLOAD_BYTES
        : payloadBytes > 0 && payloadBytes <= lengthBytes;
  if (!isPossible) {
    throw invalidDelta(`a frame of ${lengthBytes} bytes has a payload of ${payloadBytes} bytes`);
  }
  return { kind, payloadBytes };
}

/**
 * Returns the bytes of the new image that a frame makes: a view of `payload` or of `scratch`, valid until the next call.
 * Reads only inside the old image, and uses memory only in `scratch`.
 * @throws {FotaError} DELTA_INVALID; also what `readOld` rejects with
 */
export async function applyFrame(
  kind: number,
  payload: Uint8Array,
  context: FrameContext,
): Promise<Uint8Array> {
  const { lengthBytes, scratch } = context;
  switch (kind) {
    case FRAME_STORED:
      return payload;
    case FRAME_COPY: {
      const bytes = scratch.subarray(0, lengthBytes);
      const fromBytes = takeNumber(payload, 0);
      requireInside(fromBytes, lengthBytes, context);
      await context.readOld(fromBytes, bytes);
      return bytes;
    }
    case FRAME_DEFLATED:
      return inflateInto(payload, lengthBytes, lengthBytes, context);
    default: {
      const most = lengthBytes + opsBytesMax(context.frameBytes);
      return await applyOps(inflateInto(payload, lengthBytes, most, context), context);
    }
  }
}

/** Inflates between `least` and `most` bytes. */
function inflateInto(
  payload: Uint8Array,
  least: number,
  most: number,
  { inflate, scratch }: FrameContext,
): Uint8Array {
  let count: number;
  try {
    count = inflate(payload, scratch.subarray(0, most + 1));
  } catch {
    throw invalidDelta("a frame cannot be inflated");
  }
  if (count < least || count > most) throw invalidDelta(`a frame inflates to ${count} bytes or more`);
  return scratch.subarray(0, count);
}

/**
 * Adds bytes of the old image to those of a delta frame, in place. The frame begins with its operations; its last
 * `lengthBytes` bytes are the literal bytes and the differences, in the order of the new image.
 */
async function applyOps(inflated: Uint8Array, context: FrameContext): Promise<Uint8Array> {
  const { offsetBytes, lengthBytes, readOld } = context;
  const ops = inflated.subarray(0, inflated.length - lengthBytes);
  const frame = inflated.subarray(ops.length);
  const old = new Uint8Array(OLD_PIECE_BYTES);
  let read = 0;
  let done = 0;
  /** Where the last operation ended in the old image; a frame begins as if the images were the same up to it. */
  let oldEnd = offsetBytes;

  function varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = ops[read];
      if (byte === undefined) throw invalidDelta("a frame ends in its operations");
      read += 1;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
    throw invalidDelta("a number in an operation is too long");
  }

  while (done < lengthBytes) {
    const literalBytes = varint();
    const diffBytes = varint();
    if (literalBytes + diffBytes === 0 || done + literalBytes + diffBytes > lengthBytes) {
      throw invalidDelta(`an operation makes ${literalBytes + diffBytes} bytes at byte ${done} of its frame`);
    }
    done += literalBytes;
    if (diffBytes === 0) continue;
    const seek = varint();
    const oldStart = oldEnd + literalBytes + (seek % 2 === 0 ? seek / 2 : -(seek + 1) / 2);
    requireInside(oldStart, diffBytes, context);
    oldEnd = oldStart + diffBytes;
    for (let at = oldStart; at < oldEnd; ) {
      const piece = old.subarray(0, Math.min(OLD_PIECE_BYTES, oldEnd - at));
      await readOld(at, piece);
      for (let index = 0; index < piece.length; index += 1) {
        frame[done + index] = (frame[done + index] ?? 0) + (piece[index] ?? 0);
      }
      at += piece.length;
      done += piece.length;
    }
  }
  if (read !== ops.length) throw invalidDelta(`a frame has ${ops.length - read} bytes after its operations`);
  return frame;
}

function requireInside(startBytes: number, lengthBytes: number, { oldBytes }: FrameContext): void {
  if (startBytes >= 0 && startBytes + lengthBytes <= oldBytes) return;
  throw invalidDelta(
    `it reads ${lengthBytes} bytes at byte ${startBytes} of an old image of ${oldBytes} bytes`,
  );
}
