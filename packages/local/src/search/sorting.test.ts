import fc from "fast-check";
import { expect, test } from "vitest";
import { FirstOnes, sortNumbers } from "./sorting.js";

test("numbers are sorted in parts, with one of each length around those of a part", () => {
  for (const length of [0, 1, 4_095, 4_096, 4_097, 8_192, 12_289, 40_000]) {
    const numbers = Array.from({ length }, (_, index) => ((index * 7_919) % 10_007) - 5_000);
    const work = sortNumbers(numbers);
    let parts = 0;
    for (let step = work.next(); ; step = work.next()) {
      parts += 1;
      if (!step.done) continue;
      expect([...step.value]).toEqual(numbers.sort((a, b) => a - b));
      break;
    }
    expect(parts).toBeGreaterThan(Math.floor(length / 4_096));
  }
});

test("the first ones of many items are those that sorting all of them gives", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000), { minLength: 10, maxLength: 300, size: "max" }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      (some, count, isAscending) => {
        const compare = (a: number, b: number) => (isAscending ? a - b : b - a);
        const items = Array.from({ length: 100 }, (_, index) =>
          some.map((each) => each * 101 + index),
        ).flat();
        const first = new FirstOnes(count, compare);
        for (const item of items) first.add(item);
        expect(first.sorted()).toEqual(items.sort(compare).slice(0, count));
      },
    ),
    { numRuns: 20 },
  );
});
