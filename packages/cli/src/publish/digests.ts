import { createHash } from "node:crypto";

export interface Digests {
  sizeBytes: number;
  /** Lower-case hex. */
  md5: string;
  sha256: string;
}

/** Works out both digests of what passes through, in one pass. */
export interface Digester {
  update(bytes: Uint8Array): void;
  /** Once, at the end. */
  digests(): Digests;
}

export function createDigester(): Digester {
  const md5 = createHash("md5");
  const sha256 = createHash("sha256");
  let sizeBytes = 0;
  return {
    update(bytes) {
      md5.update(bytes);
      sha256.update(bytes);
      sizeBytes += bytes.length;
    },
    digests: () => ({ sizeBytes, md5: md5.digest("hex"), sha256: sha256.digest("hex") }),
  };
}
