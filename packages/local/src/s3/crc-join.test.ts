import { randomBytes, randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { type ChecksumAlgorithm, createHasher, joinedChecksum } from "./checksums.js";

function checksumOf(algorithm: ChecksumAlgorithm, bytes: Buffer) {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return { algorithm, type: "FULL_OBJECT" as const, value: hasher.digest().toString("base64") };
}

test.each(["CRC32", "CRC32C", "CRC64NVME"] as const)(
  "%s of joined parts is that of their bytes",
  (algorithm) => {
    const sizes = [
      [7],
      [0, 5],
      [5, 0],
      [1, 1],
      [64, 64, 64, 3],
      Array.from({ length: 9 }, () => randomInt(5000)),
    ];
    for (const partSizes of sizes) {
      const parts = partSizes.map((size) => randomBytes(size));
      const joined = joinedChecksum(
        algorithm,
        parts.map((bytes) => ({ checksum: checksumOf(algorithm, bytes), sizeBytes: bytes.length })),
      );
      expect(joined, `parts of ${partSizes} bytes`).toEqual(checksumOf(algorithm, Buffer.concat(parts)));
    }
  },
);
