/** Troubles of a download that tests switch on. */
import { once } from "node:events";

/** What goes wrong with one request. Offsets are in the body of this answer. */
export interface TransferFault {
  /** Answers this instead of the operation: 403 AccessDenied, 500 InternalError or 503 SlowDown. */
  status?: 403 | 500 | 503;
  /** Answers the whole object whatever `Range` says. */
  ignoreRange?: boolean;
  /** The connection breaks after so many bytes. */
  cutAfterBytes?: number;
  /** Nothing more comes after so many bytes; the connection stays. */
  stallAfterBytes?: number;
  /** The byte at this offset arrives with all its bits inverted. */
  flipByteAt?: number;
}

/** Asked once for each request that passed its signature check; a test counts and chooses here. */
export type TransferFaults = (request: {
  method: string;
  bucket: string;
  key: string;
}) => TransferFault | undefined;

/**
 * Passes a body on until its fault is due. A cut ends it early: whoever sends it then closes the connection.
 * `signal` ends a stall.
 */
export async function* faultyTransfer(
  body: AsyncIterable<Buffer>,
  fault: TransferFault,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const cutAt = fault.cutAfterBytes ?? Number.POSITIVE_INFINITY;
  const stallAt = fault.stallAfterBytes ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  for await (const piece of body) {
    const flipAt = (fault.flipByteAt ?? Number.NaN) - sent;
    if (flipAt >= 0 && flipAt < piece.length) piece.writeUInt8(piece.readUInt8(flipAt) ^ 0xff, flipAt);
    const allowed = piece.subarray(0, Math.min(cutAt, stallAt) - sent);
    sent += allowed.length;
    yield allowed;
    if (sent >= cutAt) return;
    if (sent >= stallAt) {
      await once(signal, "abort");
      return;
    }
  }
}
