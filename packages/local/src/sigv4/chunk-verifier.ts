import { signatureMismatch } from "./signature-errors.js";
import { equalConstantTime, formatScope, SIGV4_ALGORITHM, sha256Hex, sign } from "./sigv4.js";
import type { VerifiedSignature } from "./verify.js";

/** Verifies the signatures of the chunks of an aws-chunked body. Each covers the one before it. */
export interface ChunkVerifier {
  /** @throws {AwsError} SignatureDoesNotMatch */
  chunk(signature: string, dataSha256Hex: string): void;
  /** `trailers` has a `name:value` and a line feed for each trailer. @throws {AwsError} SignatureDoesNotMatch */
  trailers(signature: string, trailers: string): void;
}

/**
 * Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring a Payload in Chunks".
 */
export function createChunkVerifier(seed: VerifiedSignature): ChunkVerifier {
  let previous = seed.signature;
  const check = (signature: string, algorithm: string, hashes: string[]): void => {
    const text = [algorithm, seed.amzDate, formatScope(seed.scope), previous, ...hashes].join("\n");
    if (!equalConstantTime(sign(seed.key, text), signature))
      throw signatureMismatch(seed.scope, signature, text, "");
    previous = signature;
  };
  return {
    chunk: (signature, dataSha256Hex) =>
      check(signature, `${SIGV4_ALGORITHM}-PAYLOAD`, [sha256Hex(""), dataSha256Hex]),
    trailers: (signature, trailers) => check(signature, `${SIGV4_ALGORITHM}-TRAILER`, [sha256Hex(trailers)]),
  };
}
