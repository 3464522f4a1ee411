import { expect, test } from "vitest";
import { type DeltaHeader, encodeDeltaHeader, parseDeltaHeader } from "./header.js";

const HEADER: DeltaHeader = {
  frameBytes: 16_384,
  image: { sizeBytes: 0x01_0203_0405, sha256: "ab".repeat(32) },
  from: { sizeBytes: 258, sha256: "0f".repeat(32) },
};

test("a header has the bytes in docs/delta.md", () => {
  const bytes = encodeDeltaHeader(HEADER);
  expect(Buffer.from(bytes).toString("hex")).toBe(
    `46444c54010e00000504030201000000${"0201000000000000"}${"ab".repeat(32)}${"0f".repeat(32)}`,
  );
  expect(parseDeltaHeader(bytes)).toEqual(HEADER);
});

test("a whole image has no old image", () => {
  const { from, ...whole } = HEADER;
  expect(parseDeltaHeader(encodeDeltaHeader(whole))).toEqual(whole);
});

test.each<[fault: string, at: number, bytes: number[]]>([
  ["does not begin with FDLT", 0, [0x47]],
  ["its format has version 2", 4, [2]],
  ["reserved bytes", 6, [1]],
  ["reserved bytes", 7, [1]],
  ["its frames have 2^11 bytes", 5, [11]],
  ["its frames have 2^21 bytes", 5, [21]],
  ["its frames have 2^255 bytes", 5, [255]],
  ["the size of its image is 0", 8, [0, 0, 0, 0, 0, 0, 0, 0]],
  ["a number at byte 8 is above 2^53 - 1", 8, [0, 0, 0, 0, 0, 0, 0x20, 0]],
  ["it names an old image of 0 bytes", 16, [0, 0]],
])("refuses a header because %s", (fault, at, bytes) => {
  const header = encodeDeltaHeader(HEADER);
  header.set(bytes, at);
  expect(() => parseDeltaHeader(header)).toThrow(expect.objectContaining({ code: "DELTA_INVALID" }));
  expect(() => parseDeltaHeader(header)).toThrow(fault);
});

test("refuses a header that is cut off", () => {
  const header = encodeDeltaHeader(HEADER);
  for (let length = 0; length < header.length; length += 1) {
    expect(() => parseDeltaHeader(header.subarray(0, length))).toThrow(`at byte ${length}`);
  }
});
