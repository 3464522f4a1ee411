import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createDigester, PART_SIZE_BYTES } from "./digests.js";

test("all digests and the size come out of one pass, however the bytes are cut", () => {
  const digester = createDigester(false);
  for (const piece of ["a", "", "bc"]) digester.update(Buffer.from(piece));
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(digester.digests()).toEqual({
    sizeBytes: 3,
    md5: "900150983cd24fb0d6963f7d28e17f72",
    sha256,
    partSha256: [sha256],
  });
});

test.each([
  ["pieces that are smaller than a part", 1_000_003],
  ["one piece over all parts", Number.POSITIVE_INFINITY],
])("each part has its digest, from %s", (_what, pieceSize) => {
  const bytes = Buffer.alloc(2 * PART_SIZE_BYTES + 5, 7);
  const digester = createDigester(true);
  for (let at = 0; at < bytes.length; at += pieceSize) digester.update(bytes.subarray(at, at + pieceSize));
  const ofSize = (length: number) => createHash("sha256").update(Buffer.alloc(length, 7)).digest("hex");
  const whole = ofSize(PART_SIZE_BYTES);
  expect(digester.digests().partSha256).toEqual([whole, whole, ofSize(5)]);
});
