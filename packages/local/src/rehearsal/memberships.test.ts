import { expect, test } from "vitest";
import { drawFrom } from "./draw.js";
import { assignGroups } from "./memberships.js";

const groups = (...weights: number[]) =>
  weights.map((weight, index) => ({ name: `${index}`, weight, linkSpeed: { medianBytesPerSecond: 1 } }));

function sizes(size: number, ...weights: number[]): number[] {
  const memberships = assignGroups({ size, groups: groups(...weights) }, drawFrom(1));
  return weights.map((_, index) => memberships.filter((group) => group === index).length);
}

test.each([
  [60, [48, 12], [48, 12]],
  [10, [1, 1, 1], [4, 3, 3]],
  [7, [0.9, 0.1], [6, 1]],
  [3, [1000, 1], [3, 0]],
  [5, [2], [5]],
])("%d devices with the weights %j are divided into %j", (size, weights, expected) => {
  expect(sizes(size, ...weights)).toEqual(expected);
});

test("the seed decides which devices are in a group, and a group is spread over the rollout", () => {
  const population = { size: 1000, groups: groups(9, 1) };
  const [one, again, other] = [1, 1, 2].map((seed) => assignGroups(population, drawFrom(seed)));
  expect(one).toEqual(again);
  expect(one).not.toEqual(other);
  const firstHalf = one?.slice(0, 500).filter((group) => group === 1).length;
  expect(firstHalf).toBeGreaterThan(30);
  expect(firstHalf).toBeLessThan(70);
});
