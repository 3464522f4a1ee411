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
  const hasher = createHasher(algorithm);
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      md5.update(piece);
      hasher.update(piece);
      yield piece;
    }
  }
  return {
    bytes: bytes(),
    digests: () => ({
      md5: md5.digest(),
      checksum: { algorithm, type: "FULL_OBJECT", value: hasher.digest().toString("base64") },
    }),
  };
}
