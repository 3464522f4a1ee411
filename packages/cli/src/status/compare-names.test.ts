import { expect, test } from "vitest";
import { compareNames } from "./compare-names.js";

test.each([
  [
    ["pump-10", "pump-9", "pump-1"],
    ["pump-1", "pump-9", "pump-10"],
  ],
  [
    ["b", "A", "a", "B"],
    ["A", "a", "B", "b"],
  ],
  [
    ["pump", "pump-1", "10", "9"],
    ["9", "10", "pump", "pump-1"],
  ],
  [
    ["v1-10", "v1-9", "v01-9"],
    ["v01-9", "v1-9", "v1-10"],
  ],
  [
    ["99999999999999999999", "100000000000000000000"],
    ["99999999999999999999", "100000000000000000000"],
  ],
])("%j is sorted as people count", (names, sorted) => {
  expect([...names].sort(compareNames)).toEqual(sorted);
});

test("the order is total: it does not depend on the order of the input", () => {
  const letters = ["", "a", "B", "b", "0", "00", "1", "9", "10", "-"];
  const names = letters.flatMap((first) =>
    letters.flatMap((second) => letters.map((third) => first + second + third)),
  );
  const sorted = [...new Set(names)].sort(compareNames);
  expect([...sorted].reverse().sort(compareNames)).toEqual(sorted);
  for (const [i, name] of sorted.entries()) {
    expect(sorted.findIndex((other) => compareNames(name, other) <= 0)).toBe(i);
  }
});
