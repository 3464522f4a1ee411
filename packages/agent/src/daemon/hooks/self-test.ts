import { setTimeout as sleep } from "node:timers/promises";
import { askHook, type HookContext } from "./ask.js";
import type { HooksOptions } from "./hooks.js";

/**
 * Runs the hook `self-test` until it passes. One that defers runs again after the time that it names.
 * @throws Error with the reason if it fails, or has not passed within its time limit; rejects if the signal is aborted
 */
export async function runSelfTest(
  context: HookContext,
  { facts, signal }: Pick<HooksOptions, "facts" | "signal">,
): Promise<void> {
  const limitMs = context.config.selfTestTimeLimitSeconds * 1000;
  const endMs = performance.now() + limitMs;
  for (;;) {
    const leftMs = endMs - performance.now();
    const decision = await askHook("self-test", await facts(), leftMs, signal(), context);
    if (decision.kind === "absent" || decision.kind === "allowed") return;
    if (decision.kind !== "deferred") throw new Error(decision.why);
    if (performance.now() + decision.deferMs > endMs) {
      throw new Error(`self-test has not passed within ${limitMs / 1000} s: ${decision.why}`);
    }
    await sleep(decision.deferMs, undefined, { signal: signal() });
  }
}
