import { createHash } from "node:crypto";

/** Larger images are uploaded in parts of this size, the last one smaller. S3 requires at least 5 MiB. */
export const PART_SIZE_BYTES = 8 * 1024 * 1024;

export interface Digests extends Sha256s {
  /** Lower-case hex. */
  md5: string;
}

interface Sha256s {
  sizeBytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Holds the SHA-256 of each part in hex; an image of one part has one. */
  partSha256: string[];
}

/** Computes digests of the bytes that pass through, in one pass. */
interface Digester<T> {
  update(bytes: Uint8Array): void;
  /** Returns the digests. Call it once, at the end. */
  digests(): T;
}

/** Makes a digester. `inParts` says whether there may be more than one part, whose digests cost a third hash. */
export function createDigester(inParts: boolean): Digester<Digests> {
  const md5 = createHash("md5");
  const sha256s = createSha256s(inParts);
  return {
    update(bytes) {
      md5.update(bytes);
      sha256s.update(bytes);
    },
    digests: () => ({ ...sha256s.digests(), md5: md5.digest("hex") }),
  };
}

/** Makes a digester without MD5. */
export function createSha256s(inParts: boolean): Digester<Sha256s> {
  const sha256 = createHash("sha256");
  const partSha256: string[] = [];
  let part = createHash("sha256");
  let partBytes = 0;
  let sizeBytes = 0;
  return {
    update(bytes) {
      sha256.update(bytes);
      sizeBytes += bytes.length;
      for (let at = 0; inParts && at < bytes.length; ) {
        const piece = bytes.subarray(at, at + PART_SIZE_BYTES - partBytes);
        part.update(piece);
        at += piece.length;
        partBytes += piece.length;
        if (partBytes < PART_SIZE_BYTES) continue;
        partSha256.push(part.digest("hex"));
        part = createHash("sha256");
        partBytes = 0;
      }
    },
    digests() {
      if (partBytes > 0) partSha256.push(part.digest("hex"));
      const whole = sha256.digest("hex");
      return { sizeBytes, sha256: whole, partSha256: inParts ? partSha256 : [whole] };
    },
  };
}
