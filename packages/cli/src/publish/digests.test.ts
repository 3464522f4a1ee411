import { expect, test } from "vitest";
import { createDigester } from "./digests.js";

test("both digests and the size come out of one pass, however the bytes are cut", () => {
  const digester = createDigester();
  for (const piece of ["a", "", "bc"]) digester.update(Buffer.from(piece));
  expect(digester.digests()).toEqual({
    sizeBytes: 3,
    md5: "900150983cd24fb0d6963f7d28e17f72",
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
});
