import type { ImageBytes } from "../image/image-bytes.js";
import type { Steps } from "./suffix-array.js";

/** Bytes that a sample covers: shorter matches are not found. */
export const SAMPLE_BYTES = 16;
/** At most this many samples are kept: 9 bytes of memory for each, with the heads. */
const SAMPLES_MAX = 1 << 23;
const STEP_BYTES_MIN = 8;
const PIECE_BYTES = 1 << 20;

/** Indexes a large image: reads it once. */
export function* indexSamples(old: ImageBytes): Steps<SampleIndex> {
  const index = new SampleIndex(old.sizeBytes);
  let start = 0;
  while (start + SAMPLE_BYTES <= old.sizeBytes) {
    yield;
    start = index.add(old.read(start, PIECE_BYTES), start);
  }
  return index;
}

/** Finds places in a large image by the hash of the bytes there. Knows one place in every `stepBytes` bytes. */
export class SampleIndex {
  readonly stepBytes: number;
  readonly #headBits: number;
  /** By hash: one more than the number of the last sample with it. */
  readonly #heads: Int32Array;
  /** By sample: one more than the number of the one before it with the same head. */
  readonly #earlier: Int32Array;
  /** By sample: bits of the hash that the head does not tell. */
  readonly #checks: Uint8Array;
  #hashBefore = 0;

  constructor(sizeBytes: number) {
    this.stepBytes = Math.max(STEP_BYTES_MIN, Math.ceil(sizeBytes / SAMPLES_MAX));
    const count = Math.max(0, Math.floor((sizeBytes - SAMPLE_BYTES) / this.stepBytes) + 1);
    this.#headBits = Math.min(23, Math.max(10, Math.ceil(Math.log2(count + 1))));
    this.#heads = new Int32Array(2 ** this.#headBits);
    this.#earlier = new Int32Array(count);
    this.#checks = new Uint8Array(count);
  }

  /** Adds the samples in a piece of the image that begins at a sample. Returns where the first one after it is. */
  add(piece: Uint8Array, start: number): number {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    let at = 0;
    for (; at + SAMPLE_BYTES <= piece.length; at += this.stepBytes) {
      const hash = hashAt(view, at);
      // In a run of the same bytes, the first place is enough.
      if (hash === this.#hashBefore) continue;
      this.#hashBefore = hash;
      const sample = (start + at) / this.stepBytes;
      const head = hash >>> (32 - this.#headBits);
      this.#earlier[sample] = this.#heads[head] as number;
      this.#heads[head] = sample + 1;
      this.#checks[sample] = hash & 0xff;
    }
    return start + at;
  }

  /**
   * Writes up to `places.length` places that may hold the bytes with this hash to `places`, the last one first. Returns
   * how many.
   */
  find(hash: number, places: Float64Array): number {
    let found = 0;
    let sample = (this.#heads[hash >>> (32 - this.#headBits)] as number) - 1;
    for (let steps = 0; sample >= 0 && found < places.length && steps < 64; steps += 1) {
      if (this.#checks[sample] === (hash & 0xff)) places[found++] = sample * this.stepBytes;
      sample = (this.#earlier[sample] as number) - 1;
    }
    return found;
  }
}

/** Returns a hash of 32 bits of the `SAMPLE_BYTES` bytes at `at`. */
export function hashAt(view: DataView, at: number): number {
  let hash = Math.imul(view.getInt32(at, true), 0x9e3779b1);
  hash = Math.imul((hash ^ (hash >>> 15)) + view.getInt32(at + 4, true), 0x85ebca77);
  hash = Math.imul((hash ^ (hash >>> 13)) + view.getInt32(at + 8, true), 0xc2b2ae3d);
  hash = Math.imul((hash ^ (hash >>> 16)) + view.getInt32(at + 12, true), 0x27d4eb2f);
  return (hash ^ (hash >>> 15)) >>> 0;
}
