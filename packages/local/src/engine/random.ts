import { randomBytes } from "node:crypto";

/** Returns 128 random bits as 32 hex digits, so that no two commands get the same numbers by chance. */
export function freshSeed(): string {
  return randomBytes(16).toString("hex");
}

/** Returns a generator of numbers from 0 up to 1 that depend on the seed alone. It is sfc32 of PractRand. */
export function randomFrom(seed: string): () => number {
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
