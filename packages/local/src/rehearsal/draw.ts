/** What a random number decides. Each purpose has its own numbers, so that one decision never changes another. */
const PURPOSES = {
  group: 1,
  never: 2,
  online: 3,
  speed: 4,
  angle: 5,
  outcome: 6,
  loss: 7,
  part: 8,
  arrival: 9,
  download: 10,
  reaction: 11,
  trial: 12,
} as const;

/** Returns a number from 0 up to 1, the same for the same arguments. */
export type Draw = (device: number, purpose: keyof typeof PURPOSES, round?: number) => number;

/**
 * Returns the random numbers of a run. They depend on the device and not on the order of events. So the same devices
 * fail, whatever the rollout configuration is, and two configurations can be compared with one seed.
 *
 * @param seed a whole number
 */
export function drawFrom(seed: number): Draw {
  const start = mix(seed | 0, Math.floor(seed / 2 ** 32));
  return (device, purpose, round = 0) => {
    const bits = mix(mix(mix(start, device), PURPOSES[purpose]), round);
    return (bits >>> 0) / 2 ** 32;
  };
}

/** Mixes a number into a hash: the step and the finalizer of MurmurHash3, which is in the public domain. */
function mix(hash: number, value: number): number {
  let block = Math.imul(value | 0, 0xcc9e2d51);
  block = Math.imul((block << 15) | (block >>> 17), 0x1b873593);
  let mixed = hash ^ block;
  mixed = (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
