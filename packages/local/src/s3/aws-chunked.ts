/**
 * Decodes the aws-chunked coding of HTTP bodies: chunks with their lengths, followed by trailers. Sources: S3 API
 * Reference, "Transferring Payload in Multiple Chunks" and "Trailing headers".
 */
import { createHash } from "node:crypto";
import type { AwsError } from "../errors.js";
import type { ChunkVerifier } from "../sigv4/chunk-verifier.js";
import { incompleteBody, invalidRequest } from "./s3-errors.js";

/** Longest line between chunks; a signature has about 100 bytes, a trailer about 120. */
const MAX_LINE_BYTES = 4096;
const MAX_TRAILERS = 16;

export interface AwsChunkedOptions {
  /** Gets the trailers, with lower-case names, after the last byte has been read. */
  trailers: Map<string, string>;
  /** Verifies the chunks' signatures; without it, they are not verified. */
  verifier?: ChunkVerifier | undefined;
}

/**
 * Yields the decoded bytes of a body, in the pieces in which they arrive.
 *
 * @throws {AwsError} IncompleteBody if the body ends early, InvalidRequest if it is not aws-chunked,
 * SignatureDoesNotMatch
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  options: AwsChunkedOptions,
): AsyncGenerator<Buffer> {
  const reader = createByteReader(source);
  try {
    yield* decodeChunks(reader, options.verifier);
    await readTrailers(reader, options);
    if ((await reader.upTo(1)) !== undefined) throw malformedChunk();
  } finally {
    await reader.close();
  }
}

async function* decodeChunks(
  reader: ByteReader,
  verifier: ChunkVerifier | undefined,
): AsyncGenerator<Buffer> {
  for (;;) {
    const header = await reader.line();
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]+))?$/.exec(header ?? "");
    if (match === null) throw header === undefined ? incompleteBody() : malformedChunk();
    const [, length = "", signature = ""] = match;
    const hash = verifier === undefined ? undefined : createHash("sha256");
    const sizeBytes = Number.parseInt(length, 16);
    for (let left = sizeBytes; left > 0; ) {
      const piece = await reader.upTo(left);
      if (piece === undefined) throw incompleteBody();
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    if (hash !== undefined) verifier?.chunk(signature, hash.digest("hex"));
    if (sizeBytes === 0) return;
    const end = await reader.line();
    if (end !== "") throw end === undefined ? incompleteBody() : malformedChunk();
  }
}

async function readTrailers(reader: ByteReader, { trailers, verifier }: AwsChunkedOptions): Promise<void> {
  let signed = "";
  let signature: string | undefined;
  for (let count = 0; count <= MAX_TRAILERS; count += 1) {
    const line = await reader.line();
    if (line === undefined || line === "") break;
    const colon = line.indexOf(":");
    if (colon < 1 || count === MAX_TRAILERS) throw malformedChunk();
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature") {
      signature = value;
    } else {
      trailers.set(name, value);
      signed += `${name}:${value}\n`;
    }
  }
  if (signed !== "") verifier?.trailers(signature ?? "", signed);
}

function malformedChunk(): AwsError {
  return invalidRequest("The body is not well-formed aws-chunked data");
}

interface ByteReader {
  /** Returns the next line without its CR LF (or LF); `undefined` at the end of the source. */
  line(): Promise<string | undefined>;
  /** Returns between 1 and `max` bytes; `undefined` at the end of the source. */
  upTo(max: number): Promise<Buffer | undefined>;
  /** Releases the source, whether or not all of it was read. */
  close(): Promise<void>;
}

function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  const pieces = source[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);
  const nextPiece = async (): Promise<Buffer | undefined> => {
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) return undefined;
      if (next.value.length > 0) return next.value;
    }
  };
  return {
    async line() {
      let end = buffered.indexOf(0x0a);
      while (end < 0) {
        if (buffered.length > MAX_LINE_BYTES) throw malformedChunk();
        const piece = await nextPiece();
        if (piece === undefined) return undefined;
        buffered = buffered.length === 0 ? piece : Buffer.concat([buffered, piece]);
        end = buffered.indexOf(0x0a);
      }
      const text = buffered.subarray(0, end).toString("latin1");
      buffered = buffered.subarray(end + 1);
      return text.endsWith("\r") ? text.slice(0, -1) : text;
    },
    async upTo(max) {
      if (buffered.length === 0) {
        const piece = await nextPiece();
        if (piece === undefined) return undefined;
        buffered = piece;
      }
      const taken = buffered.subarray(0, max);
      buffered = buffered.subarray(taken.length);
      return taken;
    },
    async close() {
      await pieces.return?.();
    },
  };
}
