import type { LogLevel } from "../../core/ports.js";
import { type Bench, readSituation } from "../bench/bench.js";

/** Returns what the log says about a boot of the device: that an image is on trial, or that its trial was reverted. */
export async function bootLine(bench: Bench): Promise<[level: LogLevel, line: string] | undefined> {
  const { record, boot, state } = await readSituation(bench);
  const { runningSlot, failure } = record;
  if (boot === "onTrial") return ["info", `slot ${runningSlot} runs on trial`];
  if (boot !== "settled") return undefined;
  const { install } = await bench.history.load();
  const byHand = install?.scheduled && !install.reverted ? install.slot : undefined;
  const tried = state.phase === "trial" ? state.target.slot : byHand;
  if (tried === undefined || tried === runningSlot) return undefined;
  return ["warn", [`the boot loader reverted to slot ${runningSlot}`, failure].filter(Boolean).join(": ")];
}
