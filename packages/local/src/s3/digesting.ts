import { createHash } from "node:crypto";
import { type Checksum, type ChecksumAlgorithm, createHasher } from "./checksums.js";

export interface Digests {
  md5: Buffer;
  /** Of all bytes. */
  checksum: Checksum;
}

export interface DigestedBytes {
  bytes: AsyncIterable<Buffer>;
  /** To be called once, when `bytes` has ended. */
  digests(): Digests;
}

/** Passes bytes on and digests them on their way. */
export function digesting(source: AsyncIterable<Buffer>, algorithm: ChecksumAlgorithm): DigestedBytes {
  const md5 = createHash("md5");
  const { bytes: checked, checksum } = checksumming(source, algorithm);
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of checked) {
      md5.update(piece);
      yield piece;
    }
  }
  return { bytes: bytes(), digests: () => ({ md5: md5.digest(), checksum: checksum() }) };
}

/** The same without the MD5, which takes longer than all the rest. */
export function checksumming(
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
