/**
 * The memory that large uploads are received into, again and again. Node.js delivers each 16 to 64 KiB in fresh memory. If that
 * stayed until V8 collects it, collecting it and the pages of the next would take a third of the processor time that an
 * upload needs apart from its digests.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { WRITE_BYTES } from "./sealed-file.js";

/** Smaller uploads are not worth the memory. */
const MIN_UPLOAD_BYTES = WRITE_BYTES / 4;
/** How many pieces of memory are kept while no upload uses them: those of four uploads. */
const MAX_KEPT = 8;

/**
 * Joins the pieces of an upload of `sizeBytes` to pieces of `WRITE_BYTES`. Such a piece is valid until the one after the next
 * is requested, and the last two are valid until the upload is stored. A piece of `source` loses its memory when the next one
 * has arrived, so it must have no other reader. A small upload is passed through.
 */
export type Receive = (source: AsyncIterable<Buffer>, sizeBytes: number) => AsyncIterable<Buffer>;

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
    return await store((source, sizeBytes) =>
      sizeBytes < MIN_UPLOAD_BYTES ? source : joinPieces(source, take(), take()),
    );
  } finally {
    kept.push(...taken.slice(0, MAX_KEPT - kept.length));
  }
}

async function* joinPieces(
  source: AsyncIterable<Buffer>,
  current: Buffer,
  other: Buffer,
): AsyncGenerator<Buffer> {
  let filled = 0;
  let copiedPiece: Buffer | undefined;
  for await (const piece of source) {
    free(copiedPiece); // not before: until then, `source` may still use what it has passed on
    copiedPiece = piece;
    for (let from = 0; from < piece.length; ) {
      const copied = piece.copy(current, filled, from);
      from += copied;
      filled += copied;
      if (filled < current.length) continue;
      yield current;
      [current, other] = [other, current];
      filled = 0;
    }
  }
  free(copiedPiece);
  if (filled > 0) yield current.subarray(0, filled);
}

let closedPort: MessagePort | undefined;

/**
 * Frees the memory of a piece now, unless it shares that with others: takes 1 µs, while garbage of 64 KiB takes 20. A closed
 * port frees what is transferred to it. Source: HTML Standard, "message port post message steps".
 */
function free(piece: Buffer | undefined): void {
  if (piece === undefined || piece.buffer.byteLength !== piece.length) return;
  if (closedPort === undefined) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(undefined, [piece.buffer as ArrayBuffer]);
}
