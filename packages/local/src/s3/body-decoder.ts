import { Readable } from "node:stream";

/** Decodes the body of one request, which arrives in pieces. */
export interface BodyDecoder {
  /** Yields the decoded bytes in a piece, which stay where they are. All of them must be read before the next piece. */
  decode(piece: Buffer): Iterable<Buffer>;
  /** Throws if the body is not complete. */
  end(): void;
}

/** The decoder of a body without a coding. */
export const PLAIN: BodyDecoder = { decode: (piece) => [piece], end: () => {} };

/** Yields the decoded bytes of a body in the pieces in which they arrive. Does not destroy the body if the caller stops early. */
export async function* decodePieces(
  body: AsyncIterable<Buffer>,
  decoder: BodyDecoder,
): AsyncGenerator<Buffer> {
  const pieces: AsyncIterable<Buffer> =
    body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : body;
  for await (const piece of pieces) yield* decoder.decode(piece);
  decoder.end();
}
