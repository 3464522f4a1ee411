/**
 * The memory that large uploads are received into, again and again. Node.js delivers each 16 to 64 KiB in fresh memory. If that
 * stayed until V8 collects it, collecting it and the pages of the next would take a third of the processor time that an
 * upload needs apart from its digests.
 */
import { Readable } from "node:stream";
import { type BodyDecoder, decodePieces } from "./body-decoder.js";
import { joinPieces } from "./join-pieces.js";
import { WRITE_BYTES } from "./sealed-file.js";

/** Smaller uploads are not worth the memory. */
const MIN_UPLOAD_BYTES = WRITE_BYTES / 4;
/** How many pieces of memory are kept while no upload uses them: those of four uploads. */
const MAX_KEPT = 8;

/**
 * Decodes a body with an upload of `sizeBytes`, and joins it to pieces of `WRITE_BYTES`. Such a piece is valid until the one
 * after the next is requested, and the last two are valid until the upload is stored. The body must have no other reader. A
 * small upload keeps its pieces, and so does one with faults, whose body is not a stream.
 */
export type Receive = (
  body: AsyncIterable<Buffer>,
  sizeBytes: number,
  decoder: BodyDecoder,
) => AsyncIterable<Buffer>;

const kept: Buffer[] = [];

/** Calls `store` with a function that receives an upload. Its memory is used again when the promise of `store` settles. */
export async function withReceiveMemory<T>(store: (receive: Receive) => Promise<T>): Promise<T> {
  const taken: Buffer[] = [];
  const take = () => {
    const memory = kept.pop() ?? Buffer.allocUnsafeSlow(WRITE_BYTES);
    taken.push(memory);
    return memory;
  };
  try {
    return await store((body, sizeBytes, decoder) =>
      sizeBytes >= MIN_UPLOAD_BYTES && body instanceof Readable
        ? joinPieces(body, decoder, take(), take())
        : decodePieces(body, decoder),
    );
  } finally {
    kept.push(...taken.slice(0, MAX_KEPT - kept.length));
  }
}
