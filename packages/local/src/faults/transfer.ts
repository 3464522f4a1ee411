/** Bodies under a fault: what arrives, and when, of what was sent. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { CutTransfer, FlipByte, SlowTransfer, StallTransfer } from "./fault.js";
import type { FaultSource, Struck } from "./faults.js";

/** What is transferred, and which bytes of it: `endByte` is the one behind the last. */
export interface Transfer {
  method: "GET" | "PUT";
  bucket: string;
  key: string;
  startByte: number;
  endByte: number;
}

/** What goes wrong with one transfer. */
export interface TransferPlan {
  startByte: number;
  cut: Struck<"cutTransfer"> | undefined;
  stall: Struck<"stallTransfer"> | undefined;
  flip: Struck<"flipByte"> | undefined;
  slow: Struck<"slowTransfer"> | undefined;
}

/** How often a slow link passes something on. */
const SLOW_STEPS_PER_SECOND = 20;

/** The faults that strike this transfer; `undefined`, as most often, for none. */
export function planTransfer(source: FaultSource, transfer: Transfer): TransferPlan | undefined {
  const { method, bucket, key, startByte, endByte } = transfer;
  if (endByte <= startByte) return undefined;
  const isMeant = (fault: CutTransfer | StallTransfer | FlipByte | SlowTransfer) =>
    (fault.method ?? "GET") === method &&
    (fault.bucket ?? bucket) === bucket &&
    (fault.key ?? key) === key &&
    (fault.kind === "slowTransfer" || (fault.atByte >= startByte && fault.atByte < endByte));
  const plan: TransferPlan = {
    startByte,
    cut: source.strike(["cutTransfer"], isMeant),
    stall: source.strike(["stallTransfer"], isMeant),
    flip: source.strike(["flipByte"], isMeant),
    slow: source.strike(["slowTransfer"], isMeant),
  };
  return (plan.cut ?? plan.stall ?? plan.flip ?? plan.slow) === undefined ? undefined : plan;
}

/**
 * Passes a body on as the plan has it. Where the plan cuts it, `onCut` is called and it ends: whoever carries it then
 * ends the connection. `gone` aborts when nobody waits for it any more.
 */
export function underFaults(
  body: AsyncIterable<Buffer>,
  plan: TransferPlan,
  gone: AbortSignal,
  onCut: () => void,
): AsyncIterable<Buffer> {
  const { startByte, cut, stall, flip, slow } = plan;
  let passed = body;
  if (flip !== undefined) passed = flipped(passed, flip.fault.atByte - startByte);
  if (stall !== undefined) passed = stalled(passed, stall.fault.atByte - startByte, [stall.removed, gone]);
  if (cut !== undefined) passed = cutOff(passed, cut.fault.atByte - startByte, onCut);
  if (slow !== undefined) passed = slowed(passed, slow.fault.bytesPerSecond, slow.removed, gone);
  return passed;
}

/** The pieces of a body with the offset of each, one of them beginning at `at`. */
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

async function* flipped(body: AsyncIterable<Buffer>, at: number): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) piece.writeUInt8(piece.readUInt8(0) ^ 0xff, 0);
    yield piece;
  }
}

async function* stalled(
  body: AsyncIterable<Buffer>,
  at: number,
  ends: readonly AbortSignal[],
): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) await firstOf(ends);
    yield piece;
  }
}

async function firstOf(signals: readonly AbortSignal[]): Promise<void> {
  const end = AbortSignal.any([...signals]);
  if (!end.aborted) await once(end, "abort");
}

async function* cutOff(body: AsyncIterable<Buffer>, at: number, onCut: () => void): AsyncGenerator<Buffer> {
  for await (const [piece, offset] of splitAt(body, at)) {
    if (offset === at) {
      onCut();
      return;
    }
    yield piece;
  }
}

async function* slowed(
  body: AsyncIterable<Buffer>,
  bytesPerSecond: number,
  removed: AbortSignal,
  gone: AbortSignal,
): AsyncGenerator<Buffer> {
  const stepBytes = Math.ceil(bytesPerSecond / SLOW_STEPS_PER_SECOND);
  for await (const piece of body) {
    for (let rest = piece; rest.length > 0; ) {
      const step = removed.aborted ? rest : rest.subarray(0, stepBytes);
      if (!removed.aborted) await delay((step.length / bytesPerSecond) * 1000, undefined, { signal: gone });
      yield step;
      rest = rest.subarray(step.length);
    }
  }
}
