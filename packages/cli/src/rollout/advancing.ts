import { setTimeout as sleep } from "node:timers/promises";
import type { Cloud } from "../aws/cloud.js";
import type { Context } from "../context.js";
import type { Plan } from "../publish/plan.js";
import type { Outages } from "./outages.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import type { StageState } from "./stages.js";

/** Says how far a rollout got. `stage` is the one whose gate is not open. */
export type RolloutEnd =
  | { kind: "done" }
  | { kind: "waiting"; stage: Stage; text: string }
  | { kind: "stopped"; stage: Stage; text: string };

/** Holds what a run needs to advance a rollout. */
export interface Advancing {
  context: Context;
  cloud: Cloud;
  plan: RolloutPlan;
  /** Updated with each state that is read. */
  states: StageState[];
  /** The plan of the first stage, if it was made just now. */
  planned: Plan | undefined;
  /** Returns a folder for patches that is removed after the run. */
  scratch(): Promise<string>;
  /** Goes as far as possible now, and does not wait. */
  once: boolean;
}

/** Returns `2/3 beta`. */
export function titleOf({ stages }: RolloutPlan, { number, name }: Stage): string {
  return `${number}/${stages.length} ${name}`;
}

/** Returns how a run meets outages while it works on a stage. */
export function outagesOf({ context: { host, output }, plan, once }: Advancing, stage: Stage): Outages {
  return {
    sleep: (delayMs) => sleep(delayMs, undefined, { signal: host.signal }),
    nowMs: () => performance.now(),
    wait: !once,
    onOutage: (error) => output.note(`${titleOf(plan, stage)}: ${error.message}; trying again`),
  };
}
