import type { Hook, HookAnswer, Hooks, PendingUpdate } from "../../core/hooks.js";
import type { Facts } from "../executable/environment.js";
import { askHook, type HookContext, type HookDecision } from "./ask.js";
import type { HookFile } from "./names.js";

/** Reads what a hook is told besides the update. */
type ReadFacts = () => Promise<Facts>;

/** Decides before the executable is asked, with the same answers. */
type Condition = () => Promise<HookAnswer>;

export interface HooksOptions {
  facts: ReadFacts;
  /** Returns the signal that kills running hooks. */
  signal: () => AbortSignal;
  conditions: Partial<Record<keyof Hooks, Condition>>;
}

/** Returns the agent's hooks: the conditions of the configuration first, then the executables. */
export function hooksFrom(
  context: HookContext,
  { facts, signal, conditions }: HooksOptions,
): Required<Hooks> {
  const hook =
    (file: HookFile, condition: Condition = async () => "allow"): Hook =>
    async (update) => {
      const answer = await condition();
      if (answer !== "allow") {
        if ("deferMs" in answer) context.log("info", `${file} waits for maintenance: ${answer.why}`);
        return answer;
      }
      const limitMs = context.config.timeLimitSeconds * 1000;
      return answerOf(
        await askHook(file, { ...(await facts()), ...factsOf(update) }, limitMs, signal(), context),
      );
    };
  return {
    beforeDownload: hook("before-download", conditions.beforeDownload),
    beforeInstall: hook("before-install", conditions.beforeInstall),
    beforeReset: hook("before-reset", conditions.beforeReset),
  };
}

function factsOf({ jobId, ...image }: PendingUpdate): Facts {
  return { jobId, image };
}

function answerOf(decision: HookDecision): HookAnswer {
  switch (decision.kind) {
    case "absent":
    case "allowed":
      return "allow";
    case "deferred":
      return { deferMs: decision.deferMs, why: decision.why };
    case "refused":
      return { refuse: decision.why };
    case "failed":
      throw new Error(decision.why);
  }
}
