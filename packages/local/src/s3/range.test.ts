import { expect, test } from "vitest";
import { parseRange } from "./range.js";

test.each([
  ["bytes=0-0", 10, { offsetBytes: 0, lengthBytes: 1 }],
  ["bytes=3-", 10, { offsetBytes: 3, lengthBytes: 7 }],
  ["bytes=-4", 10, { offsetBytes: 6, lengthBytes: 4 }],
  ["bytes=-40", 10, { offsetBytes: 0, lengthBytes: 10 }],
  ["bytes=9-9", 10, { offsetBytes: 9, lengthBytes: 1 }],
  ["bytes=5-5368709119", 10, { offsetBytes: 5, lengthBytes: 5 }],
  [undefined, 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=4-3", 10, undefined],
  ["bytes=0-1,3-4", 10, undefined],
  ["bytes 0-1", 10, undefined],
])("%s of %i bytes is %o", (header, sizeBytes, range) => {
  expect(parseRange(header, sizeBytes)).toEqual(range);
});

test.each([
  ["bytes=10-", 10],
  ["bytes=10-20", 10],
  ["bytes=-0", 10],
  ["bytes=0-", 0],
  ["bytes=-1", 0],
])("%s of %i bytes cannot be satisfied", (header, sizeBytes) => {
  expect(() => parseRange(header, sizeBytes)).toThrow(
    expect.objectContaining({
      code: "InvalidRange",
      status: 416,
      extra: { RangeRequested: header, ActualObjectSize: String(sizeBytes) },
    }),
  );
});
