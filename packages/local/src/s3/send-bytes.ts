import type { ServerResponse } from "node:http";
import type { StoredBytes } from "./stored-bytes.js";

/** Bytes per write. Of 512 MiB, 64 KiB take twice the processor time; 1 MiB takes the same. */
const SEND_BYTES = 256 * 1024;
/** How many pieces of memory are kept while no download uses them. */
const MAX_KEPT = 16;

const kept: Buffer[] = [];

/**
 * Sends the bytes of an object as the body of an answer. Reads each piece into the same memory, when the one before has been
 * sent: V8 collects all garbage of the process after some ten MiB of new buffers.
 *
 * @throws if the client has disconnected, or if a file cannot be read
 */
export async function sendBytes(bytes: StoredBytes, response: ServerResponse): Promise<void> {
  const memory = kept.pop() ?? Buffer.allocUnsafeSlow(SEND_BYTES);
  const send = createSender(response);
  for (;;) {
    const count = await bytes.read(memory);
    if (count === 0) break;
    await send(memory.subarray(0, count));
  }
  response.end();
  // Not after a failure: then a write may still have it.
  if (kept.length < MAX_KEPT) kept.push(memory);
}

/**
 * Sends pieces as the body of an answer, and waits for the end of the answer.
 *
 * @throws if the client has disconnected, and what `pieces` throws
 */
export async function sendPieces(pieces: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  const send = createSender(response);
  for await (const piece of pieces) await send(piece);
  await send("end");
}

/**
 * Returns a function that sends a piece of the body, or ends it. Its promise resolves when that has been sent, and rejects if
 * the client has disconnected.
 */
function createSender(response: ServerResponse): (piece: Buffer | "end") => Promise<void> {
  const { socket } = response.req;
  let refuse = (_error: Error) => {};
  // Then the callback of a write may never be called. An answer that waits for an earlier one on its connection emits nothing.
  const giveUp = () => {
    if (socket.destroyed) refuse(disconnected());
  };
  response.req.once("close", giveUp);
  return (piece) =>
    new Promise<void>((resolve, reject) => {
      if (socket.destroyed) throw disconnected();
      refuse = reject;
      if (piece === "end") response.end(resolve);
      else response.write(piece, (error) => (error ? reject(error) : resolve()));
    });
}

function disconnected(): Error {
  return new Error("the client has disconnected");
}
