import fc from "fast-check";
import { expect, test } from "vitest";
import { suffixArray } from "./suffix-array.js";

function sort(text: Uint8Array): number[] {
  const steps = suffixArray(text);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return [...(value as Int32Array)];
  }
}

function sortSlowly(text: Uint8Array): number[] {
  return [...text.keys()].sort((one, other) => Buffer.compare(text.subarray(one), text.subarray(other)));
}

test.each(["", "a", "aa", "ab", "ba", "banana", "mississippi", "abababab", "aaaaaaaaab"])(
  'sorts "%s"',
  (text) => {
    const bytes = Buffer.from(text);
    expect(sort(bytes)).toEqual(sortSlowly(bytes));
  },
);

test("sorts any text, with few and with many different bytes", () => {
  const text = fc
    .integer({ min: 0, max: 255 })
    .chain((max) => fc.uint8Array({ max, maxLength: 300 }))
    .chain((part) => fc.integer({ min: 1, max: 4 }).map((times) => Buffer.concat(Array(times).fill(part))));
  fc.assert(
    fc.property(text, (bytes) => {
      expect(sort(bytes)).toEqual(sortSlowly(bytes));
    }),
  );
});
