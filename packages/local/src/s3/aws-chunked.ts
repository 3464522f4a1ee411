/**
 * Decodes the aws-chunked coding of HTTP bodies: chunks with their lengths, followed by trailers. Sources: S3 API
 * Reference, "Transferring Payload in Multiple Chunks" and "Trailing headers".
 */
import { createHash, type Hash } from "node:crypto";
import type { AwsError } from "../errors.js";
import type { ChunkVerifier } from "../sigv4/chunk-verifier.js";
import type { BodyDecoder } from "./body-decoder.js";
import { incompleteBody, invalidRequest } from "./s3-errors.js";

/** Longest line between chunks; a signature has about 100 bytes, a trailer about 120. */
const MAX_LINE_BYTES = 4096;
const MAX_TRAILERS = 16;

export interface AwsChunkedOptions {
  /** Gets the trailers, with lower-case names, when the body has ended. */
  trailers: Map<string, string>;
  /** Verifies the chunks' signatures; without it, they are not verified. */
  verifier?: ChunkVerifier | undefined;
}

type Expected = "header" | "data" | "end of data" | "trailer" | "nothing";

/** Decodes one body, which arrives in any pieces. */
export class AwsChunkedDecoder implements BodyDecoder {
  readonly #trailers: Map<string, string>;
  readonly #verifier: ChunkVerifier | undefined;
  #expected: Expected = "header";
  /** The start of a line whose end has not arrived. */
  #line = "";
  /** How many bytes of the chunk have not arrived. */
  #leftBytes = 0;
  #signature = "";
  #hash: Hash | undefined;
  #trailerCount = 0;
  #signedTrailers = "";

  constructor({ trailers, verifier }: AwsChunkedOptions) {
    this.#trailers = trailers;
    this.#verifier = verifier;
  }

  /** @throws {AwsError} InvalidRequest if the body is not aws-chunked, SignatureDoesNotMatch */
  *decode(piece: Buffer): Generator<Buffer> {
    for (let at = 0; at < piece.length; ) {
      if (this.#expected === "data") {
        const data = piece.subarray(at, at + this.#leftBytes);
        at += data.length;
        this.#takeData(data);
        yield data;
        continue;
      }
      if (this.#expected === "nothing") throw malformedChunk();
      const end = piece.indexOf(0x0a, at);
      this.#line += piece.toString("latin1", at, end < 0 ? piece.length : end);
      if (this.#line.length > MAX_LINE_BYTES) throw malformedChunk();
      if (end < 0) return;
      at = end + 1;
      const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
      this.#line = "";
      this.#takeLine(line);
    }
  }

  /**
   * Ends the body. Its last empty line may be missing.
   *
   * @throws {AwsError} IncompleteBody if it ends early, SignatureDoesNotMatch
   */
  end(): void {
    if (this.#expected === "trailer") this.#endTrailers();
    if (this.#expected !== "nothing") throw incompleteBody();
  }

  #takeLine(line: string): void {
    switch (this.#expected) {
      case "header":
        this.#takeHeader(line);
        return;
      case "trailer":
        if (line === "") this.#endTrailers();
        else this.#takeTrailer(line);
        return;
      case "end of data":
        if (line !== "") throw malformedChunk();
        this.#expected = "header";
        return;
      case "data":
      case "nothing":
        return; // has no lines
    }
  }

  #takeHeader(line: string): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]+))?$/.exec(line);
    if (match === null) throw malformedChunk();
    const [, length = "", signature = ""] = match;
    this.#leftBytes = Number.parseInt(length, 16);
    this.#signature = signature;
    this.#hash = this.#verifier && createHash("sha256");
    this.#expected = "data";
    if (this.#leftBytes > 0) return;
    this.#verifyChunk();
    this.#signature = "";
    this.#expected = "trailer";
  }

  #takeData(data: Buffer): void {
    this.#leftBytes -= data.length;
    this.#hash?.update(data);
    if (this.#leftBytes > 0) return;
    this.#verifyChunk();
    this.#expected = "end of data";
  }

  #verifyChunk(): void {
    if (this.#hash !== undefined) this.#verifier?.chunk(this.#signature, this.#hash.digest("hex"));
  }

  #takeTrailer(line: string): void {
    const colon = line.indexOf(":");
    if (colon < 1 || this.#trailerCount === MAX_TRAILERS) throw malformedChunk();
    this.#trailerCount += 1;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "x-amz-trailer-signature") {
      this.#signature = value;
    } else {
      this.#trailers.set(name, value);
      this.#signedTrailers += `${name}:${value}\n`;
    }
  }

  #endTrailers(): void {
    this.#expected = "nothing";
    if (this.#signedTrailers !== "") this.#verifier?.trailers(this.#signature, this.#signedTrailers);
  }
}

function malformedChunk(): AwsError {
  return invalidRequest("The body is not well-formed aws-chunked data");
}
