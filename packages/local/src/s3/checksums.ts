/** Checksums that S3 stores with an object. Source: S3 User Guide, "Checking object integrity". */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { CRC32, CRC32C, CRC64NVME, Crc } from "./crc.js";
import { crcJoiner } from "./crc-join.js";
import { invalidRequest } from "./s3-errors.js";

/** The algorithms that clients until 2025 use; newer ones are refused by name. */
export const CHECKSUM_ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** The algorithm that S3 uses if the uploader selects none. */
export const DEFAULT_CHECKSUM_ALGORITHM: ChecksumAlgorithm = "CRC64NVME";

export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export interface Checksum {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
  /** Base64; a composite checksum is followed by `-<number of parts>`. */
  value: string;
}

/** An incremental checksum. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Returns the checksum. Call it only once. */
  digest(): Buffer;
}

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case "CRC32":
      return crc32Hasher();
    case "CRC32C":
      return new Crc(CRC32C);
    case "CRC64NVME":
      return new Crc(CRC64NVME);
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm);
      return {
        update: (bytes) => {
          hash.update(bytes);
        },
        digest: () => hash.digest(),
      };
    }
  }
}

function crc32Hasher(): Hasher {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
  };
}

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

/** Returns whether `value` is base64 with the length of the algorithm's checksums. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.length === DIGEST_BYTES[algorithm] && bytes.toString("base64") === value;
}

/** Returns the header of an algorithm, such as `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** @throws {AwsError} InvalidRequest for an algorithm that is not supported */
export function parseChecksumAlgorithm(text: string): ChecksumAlgorithm {
  const found = CHECKSUM_ALGORITHMS.find((each) => each === text.toUpperCase());
  if (found !== undefined) return found;
  throw invalidRequest(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${CHECKSUM_ALGORITHMS.join(", ")}]`,
  );
}

const CHECKSUM_HEADER = /^x-amz-checksum-(?!algorithm$|mode$|type$)(.+)$/;

/**
 * Returns the algorithm that a checksum header names; `undefined` if `name` is not a checksum header.
 *
 * @throws {AwsError} InvalidRequest for an algorithm that is not supported
 */
export function checksumHeaderAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const algorithm = CHECKSUM_HEADER.exec(name.toLowerCase())?.[1];
  return algorithm === undefined ? undefined : parseChecksumAlgorithm(algorithm);
}

/**
 * Returns the only checksum among `headers`; `undefined` if there is none.
 *
 * @throws {AwsError} InvalidRequest for several checksums, or for an algorithm that is not supported
 */
export function checksumInHeaders(
  headers: Readonly<Record<string, string>>,
): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const found = Object.entries(headers).flatMap(([name, value]) => {
    const algorithm = checksumHeaderAlgorithm(name);
    return algorithm === undefined ? [] : [{ algorithm, value }];
  });
  if (found.length > 1) {
    throw invalidRequest(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  return found[0];
}

/** Returns the default checksum type for multipart uploads with this algorithm. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): ChecksumType {
  return algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
}

/** Computes the checksum of the parts' checksums, in the order of the parts. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, partValues: readonly string[]): Checksum {
  const hasher = createHasher(algorithm);
  for (const value of partValues) hasher.update(Buffer.from(value, "base64"));
  return {
    algorithm,
    type: "COMPOSITE",
    value: `${hasher.digest().toString("base64")}-${partValues.length}`,
  };
}

/**
 * Computes the checksum of the parts' bytes from the checksums of the parts, in the order of the parts. All must be of
 * `algorithm`, which must be a cyclic redundancy check.
 */
export function joinedChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly { checksum: Checksum; sizeBytes: number }[],
): Checksum {
  const join = crcJoiner(algorithm === "CRC32" ? CRC32 : algorithm === "CRC32C" ? CRC32C : CRC64NVME);
  let whole: Buffer = Buffer.alloc(DIGEST_BYTES[algorithm]); // the check of no bytes
  for (const { checksum, sizeBytes } of parts) {
    whole = join(whole, Buffer.from(checksum.value, "base64"), sizeBytes);
  }
  return { algorithm, type: "FULL_OBJECT", value: whole.toString("base64") };
}

/** Returns the checksum headers of an answer to an upload, GET or HEAD. */
export function checksumHeaders(checksum: Checksum): Record<string, string> {
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}
