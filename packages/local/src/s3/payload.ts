/** The body of an upload: decoded, and checked against every digest that the uploader sent. */
import { createHash } from "node:crypto";
import { AwsError } from "../errors.js";
import { AwsChunkedDecoder } from "./aws-chunked.js";
import { decodePieces, PLAIN } from "./body-decoder.js";
import {
  type ChecksumAlgorithm,
  checksumHeader,
  checksumHeaderAlgorithm,
  checksumInHeaders,
  DEFAULT_CHECKSUM_ALGORITHM,
  isChecksumValue,
} from "./checksums.js";
import { type DigestedBytes, type Digests, withDigests } from "./digests.js";
import { type Receive, withReceiveMemory } from "./receive-memory.js";
import type { S3Request } from "./request.js";
import { badDigest, incompleteBody, invalidArgument, invalidRequest, notImplemented } from "./s3-errors.js";

/** Most bytes of one request: 5 GiB. Source: S3 User Guide, "Uploading objects". */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;
/** Largest XML body; CompleteMultipartUpload with 10,000 parts and checksums has about 2 MB. */
const MAX_XML_BYTES = 8 * 1024 ** 2;

/** `bytes` throws S3's error at its end if a digest or the length does not match. */
export interface Payload extends DigestedBytes {
  /** Whether the uploader sent a checksum, or announced one in the trailers. */
  hasChecksum: boolean;
}

/**
 * Checks everything that can be checked before the first byte. `wanted` is the checksum to compute if the uploader sends
 * none.
 *
 * @throws {AwsError}
 */
function openPayload(
  request: S3Request,
  wanted: ChecksumAlgorithm = DEFAULT_CHECKSUM_ALGORITHM,
  receive: Receive = (body, _sizeBytes, decoder) => decodePieces(body, decoder),
): Payload {
  const { headers } = request;
  const contentHash = parseContentHash(headers["x-amz-content-sha256"]);
  const sizeBytes = declaredSize(headers, contentHash.streaming);
  const contentMd5 = parseContentMd5(headers["content-md5"]);
  const declared = checksumInHeaders(headers);
  if (declared !== undefined && !isChecksumValue(declared.algorithm, declared.value)) {
    throw invalidRequest(`Value for ${checksumHeader(declared.algorithm)} header is invalid.`);
  }
  const trailer = contentHash.trailer ? checksumHeaderAlgorithm(headers["x-amz-trailer"] ?? "") : undefined;
  if (contentHash.trailer && trailer === undefined) {
    throw invalidRequest("The value specified in the x-amz-trailer header is not supported");
  }
  const algorithm = declared?.algorithm ?? trailer ?? wanted;
  if (
    headers["x-amz-sdk-checksum-algorithm"] !== undefined &&
    (declared?.algorithm ?? trailer) === undefined
  ) {
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }

  const trailers = new Map<string, string>();
  const verifier = contentHash.signedChunks ? request.chunkVerifier : undefined;
  const decoder = contentHash.streaming ? new AwsChunkedDecoder({ trailers, verifier }) : PLAIN;
  const digested = withDigests(receive(request.body, sizeBytes, decoder), algorithm);
  let digests: Digests | undefined;

  async function* bytes(): AsyncGenerator<Buffer> {
    const isChecksum = algorithm === "SHA256"; // then the checksum is the same SHA-256
    const sha256 = contentHash.sha256 === undefined || isChecksum ? undefined : createHash("sha256");
    let received = 0;
    for await (const piece of digested.bytes) {
      received += piece.length;
      if (received > sizeBytes) throw incompleteBody();
      sha256?.update(piece);
      yield piece;
    }
    if (received !== sizeBytes) throw incompleteBody();
    digests = digested.digests();
    const { value } = digests.checksum;
    const actual = isChecksum ? Buffer.from(value, "base64").toString("hex") : sha256?.digest("hex");
    checkSha256(contentHash.sha256, actual);
    if (contentMd5 !== undefined && !contentMd5.equals(digests.md5)) {
      throw badDigest("The Content-MD5 you specified did not match what we received.");
    }
    const expected = trailer === undefined ? declared?.value : trailers.get(checksumHeader(trailer));
    if (trailer !== undefined && expected === undefined) throw malformedTrailer();
    if (expected !== undefined && expected !== digests.checksum.value) {
      throw badDigest(`The ${algorithm} you specified did not match the calculated checksum.`);
    }
  }

  return {
    hasChecksum: declared !== undefined || trailer !== undefined,
    bytes: bytes(),
    digests() {
      if (digests === undefined)
        throw new Error("the payload has not been read to its end, so it has no digests");
      return digests;
    },
  };
}

/**
 * Opens the payload of an upload for `store`. Its pieces are valid until the one after the next is requested, and the last
 * two until the promise of `store` settles.
 *
 * @throws {AwsError}
 */
export function withPayload<T>(
  request: S3Request,
  wanted: ChecksumAlgorithm,
  store: (payload: Payload) => Promise<T>,
): Promise<T> {
  return withReceiveMemory(async (receive) => await store(openPayload(request, wanted, receive)));
}

function malformedTrailer(): AwsError {
  return new AwsError(
    "MalformedTrailerError",
    400,
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );
}

/**
 * Reads a small body as text, with the checks of an upload. Returns an empty string if there is no body.
 *
 * @throws {AwsError}
 */
export async function readXmlBody(request: S3Request): Promise<{ text: string; hasDigest: boolean }> {
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) {
    return { text: "", hasDigest: false };
  }
  const payload = openPayload(request);
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of payload.bytes) {
    sizeBytes += piece.length;
    if (sizeBytes > MAX_XML_BYTES) {
      throw new AwsError("MaxMessageLengthExceeded", 400, "Your request was too big.");
    }
    pieces.push(piece);
  }
  const hasDigest = payload.hasChecksum || request.headers["content-md5"] !== undefined;
  return { text: Buffer.concat(pieces).toString(), hasDigest };
}

interface ContentHash {
  /** SHA-256 of the body as sent; absent if the body is not signed, or signed in chunks. */
  sha256?: string;
  /** Whether the body is aws-chunked. */
  streaming: boolean;
  /** Whether each chunk has a signature. */
  signedChunks: boolean;
  /** Whether a checksum follows the body as a trailer. */
  trailer: boolean;
}

function parseContentHash(value: string | undefined): ContentHash {
  const plain = { streaming: false, signedChunks: false, trailer: false };
  switch (value) {
    case undefined:
    case "UNSIGNED-PAYLOAD":
      return plain;
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { streaming: true, signedChunks: true, trailer: false };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { streaming: true, signedChunks: false, trailer: true };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { streaming: true, signedChunks: true, trailer: true };
  }
  if (value.startsWith("STREAMING-AWS4-ECDSA-")) throw notImplemented(`x-amz-content-sha256: ${value}`);
  if (/^[0-9a-f]{64}$/i.test(value)) return { ...plain, sha256: value.toLowerCase() };
  throw invalidArgument(
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
    "x-amz-content-sha256",
    value,
  );
}

/** Returns the announced size of the decoded body in bytes. */
function declaredSize(headers: Readonly<Record<string, string>>, streaming: boolean): number {
  const name = streaming ? "x-amz-decoded-content-length" : "content-length";
  const text = headers[name];
  if (text === undefined) {
    throw new AwsError("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");
  }
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument(`${name} is not a number of bytes`, name, text);
  const sizeBytes = Number(text);
  if (sizeBytes > MAX_UPLOAD_BYTES) {
    throw new AwsError("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size", {
      ProposedSize: text,
      MaxSizeAllowed: String(MAX_UPLOAD_BYTES),
    });
  }
  return sizeBytes;
}

function parseContentMd5(value: string | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  const md5 = Buffer.from(value, "base64");
  if (md5.length === 16 && md5.toString("base64") === value) return md5;
  throw new AwsError("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", {
    "Content-MD5": value,
  });
}

function checkSha256(expected: string | undefined, actual: string | undefined): void {
  if (expected === undefined || expected === actual) return;
  throw new AwsError(
    "XAmzContentSHA256Mismatch",
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: actual ?? "" },
  );
}
