import { randomBytes } from "node:crypto";

const SEED_DIGITS = 32;
const POOL_BYTES = 4096;
/** Hex digits for the next seeds. To make those of 4 KiB takes hardly longer than to make those of one seed. */
let pool = "";
let used = 0;

/** Returns 128 random bits as 32 hex digits, so that no two commands get the same numbers by chance. */
export function freshSeed(): string {
  if (used === pool.length) {
    pool = randomBytes(POOL_BYTES).toString("hex");
    used = 0;
  }
  used += SEED_DIGITS;
  return pool.slice(used - SEED_DIGITS, used);
}

/** Returns a generator of numbers from 0 up to 1 that depend on the seed alone. */
export function randomFrom(seed: string): () => number {
  let next: (() => number) | undefined;
  return () => {
    next ??= sfc32(seed); // most commands need no number
    return next();
  };
}

/** The generator sfc32 of PractRand. */
function sfc32(seed: string): () => number {
  let [a = 0, b = 0, c = 0, counter = 1] =
    seed.match(/.{8}/g)?.map((digits) => Number.parseInt(digits, 16) | 0) ?? [];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}
