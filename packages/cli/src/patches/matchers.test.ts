import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { imageInMemory } from "../image/image-bytes.js";
import { matchSamples } from "./match-samples.js";
import { matchSuffixes } from "./match-suffixes.js";
import type { SegmentSteps } from "./segment.js";
import { STEP_UNITS } from "./work.js";

const SIZE_BYTES = 524_288;

/** Bytes that do not repeat, the same each time. */
function noise(sizeBytes: number, seed: number): Buffer {
  const pieces: Buffer[] = [];
  for (let index = 0; index * 64 < sizeBytes; index += 1) {
    pieces.push(createHash("sha512").update(`${seed} ${index}`).digest());
  }
  return Buffer.concat(pieces).subarray(0, sizeBytes);
}

function repeated(piece: Buffer): Buffer {
  return Buffer.alloc(SIZE_BYTES, piece);
}

function withByteEvery(distanceBytes: number, image: Buffer): Buffer {
  const changed = Buffer.from(image);
  for (let at = distanceBytes; at < changed.length; at += distanceBytes) {
    changed[at] = ((changed[at] as number) + 1) & 0xff;
  }
  return changed;
}

/** Each second byte is 0. The others have these lowest bits: two such images are equal in half of their bytes anywhere. */
function halfEqual(sizeBytes: number, seed: number, lowestBits: number): Buffer {
  return Buffer.from(
    noise(sizeBytes, seed).map((byte, at) => (at % 2 === 0 ? 0 : (byte & 0xfc) | lowestBits)),
  );
}

const PIECES = 1_024;
const pieces = halfEqual(PIECES * 32, 3, 2);

/** An image with a piece in each 512 bytes, `stride` pieces apart and at changing places. */
function withPieces(lowestBits: number, stride: number): Buffer {
  const image = halfEqual(SIZE_BYTES, lowestBits, lowestBits);
  for (let index = 0; index < PIECES; index += 1) {
    const from = ((index * stride) % PIECES) * 32;
    pieces.copy(image, index * 512 + ((index * stride * 8) % 480), from, from + 32);
  }
  return image;
}

const zeros = Buffer.alloc(SIZE_BYTES);
const random = noise(SIZE_BYTES, 1);
const period = repeated(noise(1_000, 2));
/** The same image, at the same place with a byte changed here and there, and after that as it is. */
const nearly = noise(SIZE_BYTES / 2, 4);

const PAIRS: [string, Buffer, Buffer][] = [
  ["zeros", zeros, zeros],
  ["zeros that grew", Buffer.alloc(70_000), zeros],
  ["zeros with other bytes", zeros, withByteEvery(5_000, zeros)],
  ["zeros that had other bytes", withByteEvery(5_000, zeros), zeros],
  ["zeros with other distances", withByteEvery(5_000, zeros), withByteEvery(5_001, zeros)],
  ["no change", random, random],
  ["nothing in common", random, noise(SIZE_BYTES, 5)],
  ["one byte before", Buffer.of(7), random],
  ["one byte after", random, Buffer.of(7)],
  ["a period", period, period],
  ["a period with changes", period, withByteEvery(4_099, period)],
  ["another period", period, repeated(noise(1_001, 2))],
  ["a short period", repeated(Buffer.from("ab")), repeated(Buffer.from("abb"))],
  ["a slightly better copy further on", Buffer.concat([withByteEvery(60_000, nearly), nearly]), nearly],
  ["half of the bytes", withPieces(0, 1), withByteEvery(4_096, withPieces(1, 389))],
  ["a counter", counter(0), counter(1)],
];

function counter(add: number): Buffer {
  const bytes = Buffer.alloc(SIZE_BYTES);
  for (let at = 0; at < SIZE_BYTES; at += 4) bytes.writeUInt32LE(at / 4 + add, at);
  return bytes;
}

/** Runs a matcher. Returns how many units of work it took for each byte; throws above `most`. */
function unitsPerByte(steps: SegmentSteps, bytes: number, most: number): number {
  let units = 0;
  for (const step of steps) {
    if (step === undefined) units += STEP_UNITS;
    if (units > most * bytes) throw new Error(`more than ${most} units for each byte`);
  }
  return units / bytes;
}

// A search among 2^19 suffixes takes 20 look-ups.
test.each(PAIRS)("the search by suffixes takes little time for each byte: %s", (_name, old, image) => {
  const bytes = old.length + image.length;
  expect(unitsPerByte(matchSuffixes(old, image), bytes, 600)).toBeGreaterThan(0);
});

test.each(PAIRS)("the search by samples takes little time for each byte: %s", (_name, old, image) => {
  const bytes = old.length + image.length;
  expect(unitsPerByte(matchSamples(imageInMemory(old), imageInMemory(image)), bytes, 100)).toBeGreaterThan(0);
});
