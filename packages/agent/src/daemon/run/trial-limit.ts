import type { Log } from "../../core/ports.js";
import { type Bench, readSituation } from "../bench/bench.js";
import { describeError } from "./retrying.js";

const RETRY_MS = 60_000;

/**
 * Reverts the running image and restarts the device if it is still on trial after `limitMs`: a boot loader notices no
 * image that runs but never reaches the broker. Returns a function that stops the watch. 0: no limit.
 */
export function limitTrial(bench: Bench, limitMs: number, log: Log): () => void {
  if (limitMs === 0) return () => {};
  const { slots } = bench.opened;
  let timer = setTimeout(act, limitMs);
  async function act(): Promise<void> {
    try {
      const { boot, record } = await readSituation(bench);
      if (boot !== "onTrial") return;
      log("error", `slot ${record.runningSlot} was not confirmed within ${limitMs / 1000} s: reverting`);
      await slots.revert();
      await slots.restart();
    } catch (error) {
      log("error", `cannot end the trial: ${describeError(error)}`);
    }
    timer = setTimeout(act, RETRY_MS);
  }
  return () => clearTimeout(timer);
}
