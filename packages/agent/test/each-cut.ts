import type { CutPoint } from "../src/testing/index.js";

export const POINTS: readonly CutPoint[] = ["before", "during", "after"];

/** A power cut of one boot, by the port call that it hits. */
export interface Cut {
  call: number;
  point: CutPoint;
}

/**
 * Yields every place for one power cut in an update whose boots make `calls` port calls undisturbed, and the cuts that
 * lead there: none in the boots before. With a `stride` above 1, it yields every `stride`th place, each point in turn.
 */
export function* eachCut(
  calls: readonly number[],
  stride = 1,
): Generator<{ cuts: Cut[]; at: Cut & { boot: number } }> {
  for (const [boot, count] of calls.entries()) {
    for (let call = 1; call <= count; call += 1) {
      for (const [index, point] of POINTS.entries()) {
        if ((call + index) % stride !== 0) continue;
        const whole = Array.from({ length: boot }, () => ({ call: Number.POSITIVE_INFINITY, point }));
        yield { cuts: [...whole, { call, point }], at: { boot, call, point } };
      }
    }
  }
}
