import { createHash } from "node:crypto";
import { type Checksum, type ChecksumAlgorithm, createHasher } from "./checksums.js";

export interface Digests {
  md5: Buffer;
  /** Checksum of all bytes. */
  checksum: Checksum;
}

export interface DigestedBytes {
  bytes: AsyncIterable<Buffer>;
  /** Returns the digests. Call it once, after `bytes` has ended. */
  digests(): Digests;
}

/** Passes bytes through and computes their MD5 and checksum. */
export function withDigests(source: AsyncIterable<Buffer>, algorithm: ChecksumAlgorithm): DigestedBytes {
  const md5 = createHash("md5");
  const { bytes: checked, checksum } = withChecksum(source, algorithm);
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of checked) {
      md5.update(piece);
      yield piece;
    }
  }
  return { bytes: bytes(), digests: () => ({ md5: md5.digest(), checksum: checksum() }) };
}

/** Like `withDigests`, but without the MD5, which is the slowest part. */
export function withChecksum(
  source: AsyncIterable<Buffer>,
  algorithm: ChecksumAlgorithm,
): { bytes: AsyncIterable<Buffer>; checksum(): Checksum } {
  const hasher = createHasher(algorithm);
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      hasher.update(piece);
      yield piece;
    }
  }
  return {
    bytes: bytes(),
    checksum: () => ({ algorithm, type: "FULL_OBJECT", value: hasher.digest().toString("base64") }),
  };
}
