/** The choices of the tests that kill at random depend on it, though not their timing. */
const SEED = Number(process.env["FOTA_SEED"] ?? Math.floor(Math.random() * 1e9));

/** Returns numbers from 0 up to 1 that depend only on the device and the seed, which it prints (mulberry32). */
export function seededRandom(device = 0): () => number {
  console.log(`FOTA_SEED=${SEED}`);
  let state = (SEED + device) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
