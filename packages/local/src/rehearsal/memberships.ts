import type { Draw } from "./draw.js";
import type { Population } from "./population.js";

/**
 * Returns the index of the group of each device. The sizes follow the weights exactly, up to rounding, so that weights
 * can be numbers of devices. Which devices are in a group is random, as the order of a rollout is at AWS.
 */
export function assignGroups({ size, groups }: Population, draw: Draw): Uint16Array {
  const memberships = new Uint16Array(size);
  let assigned = 0;
  for (const [group, count] of sizesOf(size, groups).entries()) {
    memberships.fill(group, assigned, assigned + count);
    assigned += count;
  }
  if (groups.length === 1) return memberships;
  for (let last = size - 1; last > 0; last -= 1) {
    const other = Math.floor(draw(last, "group") * (last + 1));
    const group = memberships[last] as number;
    memberships[last] = memberships[other] as number;
    memberships[other] = group;
  }
  return memberships;
}

/** Returns the number of devices of each group, by largest remainders. */
function sizesOf(size: number, groups: Population["groups"]): number[] {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const exact = groups.map(({ weight }) => (weight / total) * size);
  const sizes = exact.map(Math.floor);
  const byRemainder = groups
    .map((_, index) => index)
    .sort((a, b) => remainderOf(exact[b]) - remainderOf(exact[a]));
  const missing = size - sizes.reduce((sum, count) => sum + count, 0);
  for (const index of byRemainder.slice(0, missing)) sizes[index] = (sizes[index] ?? 0) + 1;
  return sizes;
}

function remainderOf(value = 0): number {
  return value - Math.floor(value);
}
