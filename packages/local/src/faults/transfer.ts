/** Applies faults to the bytes of downloads and uploads. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { CutTransfer, FlipByte, SlowTransfer, StallTransfer } from "./fault.js";
import type { FaultSource, TriggeredFault } from "./faults.js";

/** The bytes that a request transfers; `endByte` is exclusive. */
export interface Transfer {
  method: "GET" | "PUT";
  bucket: string;
  key: string;
  startByte: number;
  endByte: number;
}

/** The faults to apply to one transfer. */
export interface TransferPlan {
  startByte: number;
  cut: TriggeredFault<"cutTransfer"> | undefined;
  stall: TriggeredFault<"stallTransfer"> | undefined;
  flip: TriggeredFault<"flipByte"> | undefined;
  slow: TriggeredFault<"slowTransfer"> | undefined;
}

/** How often a slow transfer sends bytes. */
const SLOW_STEPS_PER_SECOND = 20;

/** Triggers the faults for this transfer and returns them; usually `undefined`. */
export function planTransfer(source: FaultSource, transfer: Transfer): TransferPlan | undefined {
  const { method, bucket, key, startByte, endByte } = transfer;
  if (endByte <= startByte) return undefined;
  const applies = (fault: CutTransfer | StallTransfer | FlipByte | SlowTransfer) =>
    (fault.method ?? "GET") === method &&
    (fault.bucket ?? bucket) === bucket &&
    (fault.key ?? key) === key &&
    (fault.kind === "slowTransfer" || (fault.atByte >= startByte && fault.atByte < endByte));
  const plan: TransferPlan = {
    startByte,
    cut: source.trigger(["cutTransfer"], applies),
    stall: source.trigger(["stallTransfer"], applies),
    flip: source.trigger(["flipByte"], applies),
    slow: source.trigger(["slowTransfer"], applies),
  };
  return (plan.cut ?? plan.stall ?? plan.flip ?? plan.slow) === undefined ? undefined : plan;
}

/**
 * Returns the body with the faults of the plan. At a cut, the body ends and `onCut` is called; the caller must then
 * break the connection. `clientGone` aborts when the client has disconnected.
 */
export function applyTransferFaults(
  body: AsyncIterable<Buffer>,
  plan: TransferPlan,
  clientGone: AbortSignal,
  onCut: () => void,
): AsyncIterable<Buffer> {
  const { startByte, cut, stall, flip, slow } = plan;
  let faulty = body;
  if (flip !== undefined) faulty = flipAt(faulty, flip.fault.atByte - startByte);
  if (stall !== undefined)
    faulty = stallAt(faulty, stall.fault.atByte - startByte, [stall.removed, clientGone]);
  if (cut !== undefined) faulty = cutAt(faulty, cut.fault.atByte - startByte, onCut);
  if (slow !== undefined) faulty = slowDown(faulty, slow.fault.bytesPerSecond, slow.removed, clientGone);
  return faulty;
}

/** Yields the pieces of a body with their offsets, split so that a piece begins at `at`. */
async function* splitAt(
  body: AsyncIterable<Buffer>,
  at: number,
): AsyncGenerator<[piece: Buffer, offset: number]> {
  let offset = 0;
  for await (const piece of body) {
    const before = at - offset;
    if (before > 0 && before < piece.length) {
      yield [piece.subarray(0, before), offset];
      yield [piece.subarray(before), at];
    } else if (piece.length > 0) {
      yield [piece, offset];
    }
    offset += piece.length;
  }
}

async function* flipAt(body: AsyncIterable<Buffer>, at: number): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) piece.writeUInt8(piece.readUInt8(0) ^ 0xff, 0);
    yield piece;
  }
}

async function* stallAt(
  body: AsyncIterable<Buffer>,
  at: number,
  signals: readonly AbortSignal[],
): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) await untilAborted(signals);
    yield piece;
  }
}

async function untilAborted(signals: readonly AbortSignal[]): Promise<void> {
  const end = AbortSignal.any([...signals]);
  if (!end.aborted) await once(end, "abort");
}

async function* cutAt(body: AsyncIterable<Buffer>, at: number, onCut: () => void): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) {
      onCut();
      return;
    }
    yield piece;
  }
}

async function* slowDown(
  body: AsyncIterable<Buffer>,
  bytesPerSecond: number,
  removed: AbortSignal,
  clientGone: AbortSignal,
): AsyncGenerator<Buffer> {
  const stepBytes = Math.ceil(bytesPerSecond / SLOW_STEPS_PER_SECOND);
  for await (const piece of body) {
    for (let rest = piece; rest.length > 0; ) {
      const step = removed.aborted ? rest : rest.subarray(0, stepBytes);
      if (!removed.aborted)
        await delay((step.length / bytesPerSecond) * 1000, undefined, { signal: clientGone });
      yield step;
      rest = rest.subarray(step.length);
    }
  }
}
