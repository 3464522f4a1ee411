import type { ImageBytes } from "../image/image-bytes.js";
import { hashAt, indexSamples, SAMPLE_BYTES, type SampleIndex } from "./sample-index.js";
import type { Segment, SegmentSteps } from "./segment.js";
import { LOOKUP_UNITS, Work } from "./work.js";

/** The new image is matched in blocks of this size. A match that reaches the end of one goes on in the next. */
const BLOCK_BYTES = 1 << 22;
/** Places in the old image that are compared for each place in the new one. */
const CANDIDATES_MAX = 8;
/** A similar piece ends where this many more bytes differ than are equal, */
const PATIENCE_BYTES = 64;
/** or where it gets no better over its own length and this many bytes more. */
const UNDECIDED_BYTES = 4096;

/**
 * Finds what two large images have in common, with memory that hardly depends on their sizes: at most 150 MB, and what
 * the files keep in memory. Matches shorter than `SAMPLE_BYTES` and a step of the index are missed. Yields segments that
 * cover the new image.
 */
export function* matchSamples(old: ImageBytes, image: ImageBytes): SegmentSteps {
  const matcher = new Matcher(old, yield* indexSamples(old));
  for (let start = 0; start < image.sizeBytes; start += BLOCK_BYTES) {
    yield* matcher.matchBlock(image.read(start, BLOCK_BYTES), start);
  }
}

class Matcher {
  readonly #old: ImageBytes;
  readonly #index: SampleIndex;
  readonly #work = new Work();
  readonly #places = new Float64Array(CANDIDATES_MAX);
  /** From a place in the new image to the one in the old image, in the last match. */
  #distance = 0;

  constructor(old: ImageBytes, index: SampleIndex) {
    this.#old = old;
    this.#index = index;
  }

  *matchBlock(block: Uint8Array, blockStart: number): SegmentSteps {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    /** The segment that waits for its literal bytes. */
    let open: Segment = { oldStart: 0, diffBytes: 0, literalBytes: 0 };
    let covered = 0;
    let at = 0;
    while (at < block.length) {
      while (this.#work.isStepDue()) yield;
      const match = this.#matchAt(block, view, at, blockStart);
      if (match === undefined) {
        at += 1;
        continue;
      }
      const back = this.#similarBackward(block, at, match, at - covered);
      const start = at - back;
      open.literalBytes = start - covered;
      if (open.diffBytes + open.literalBytes > 0) yield open;
      const oldStart = match - back;
      const diffBytes = back + this.#similarForward(block, at, match);
      open = { oldStart, diffBytes, literalBytes: 0 };
      this.#distance = oldStart - (blockStart + start);
      covered = start + diffBytes;
      at = covered;
    }
    open.literalBytes = block.length - covered;
    if (open.diffBytes + open.literalBytes > 0) yield open;
  }

  /** Returns the place in the old image with the longest match, if it has one of `SAMPLE_BYTES` bytes. */
  #matchAt(block: Uint8Array, view: DataView, at: number, blockStart: number): number | undefined {
    if (at + SAMPLE_BYTES > block.length) return undefined;
    let best = SAMPLE_BYTES - 1;
    let bestPlace: number | undefined;
    const same = blockStart + at + this.#distance;
    if (same >= 0 && same < this.#old.sizeBytes) {
      const count = this.#equalBytes(block, at, same);
      if (count > best) return same;
    }
    this.#work.add(LOOKUP_UNITS);
    const found = this.#index.find(hashAt(view, at), this.#places);
    for (let index = 0; index < found; index += 1) {
      const place = this.#places[index] as number;
      const count = this.#equalBytes(block, at, place);
      if (count > best) {
        best = count;
        bestPlace = place;
      }
    }
    return bestPlace;
  }

  #equalBytes(block: Uint8Array, from: number, oldFrom: number): number {
    const count = this.#countEqual(block, from, oldFrom);
    this.#work.add(LOOKUP_UNITS + count);
    return count;
  }

  #countEqual(block: Uint8Array, from: number, oldFrom: number): number {
    let at = from;
    let oldAt = oldFrom;
    while (at < block.length && oldAt < this.#old.sizeBytes) {
      const piece = this.#old.pieceAt(oldAt);
      const most = Math.min(piece.length, block.length - at);
      for (let index = 0; index < most; index += 1) {
        if (piece[index] !== block[at + index]) return at + index - from;
      }
      at += most;
      oldAt += most;
    }
    return at - from;
  }

  /** Returns how many bytes from two places on are similar: the count with the most equal bytes beyond half of them. */
  #similarForward(block: Uint8Array, from: number, oldFrom: number): number {
    const similar = new Similar();
    let at = from;
    let oldAt = oldFrom;
    let goesOn = true;
    while (goesOn && at < block.length && oldAt < this.#old.sizeBytes) {
      const piece = this.#old.pieceAt(oldAt);
      const most = Math.min(piece.length, block.length - at);
      for (let index = 0; goesOn && index < most; index += 1) {
        goesOn = similar.add(piece[index] === block[at + index]);
      }
      at += most;
      oldAt += most;
    }
    this.#work.add(similar.countBytes);
    return similar.bestBytes;
  }

  /** As `#similarForward`, for at most `most` bytes before two places. */
  #similarBackward(block: Uint8Array, from: number, oldFrom: number, most: number): number {
    const similar = new Similar();
    let goesOn = true;
    for (let count = 1; goesOn && count <= most && count <= oldFrom; count += 1) {
      goesOn = similar.add(this.#old.pieceAt(oldFrom - count)[0] === block[from - count]);
    }
    this.#work.add(similar.countBytes);
    return similar.bestBytes;
  }
}

/** Finds where a similar piece ends. */
class Similar {
  countBytes = 0;
  bestBytes = 0;
  #score = 0;
  #bestScore = 0;

  /** Adds a byte that is equal or not. Returns whether the next one can matter. */
  add(isEqual: boolean): boolean {
    this.countBytes += 1;
    this.#score += isEqual ? 1 : -1;
    if (this.#score > this.#bestScore) {
      this.#bestScore = this.#score;
      this.bestBytes = this.countBytes;
      return true;
    }
    if (this.#score < this.#bestScore - PATIENCE_BYTES) return false;
    return this.countBytes < 2 * this.bestBytes + UNDECIDED_BYTES;
  }
}
