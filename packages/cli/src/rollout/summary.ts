import { rolloutConfigs, schedulingConfigOf } from "../job/job-request.js";
import type { RolloutEnd } from "./advancing.js";
import type { RolloutPlan } from "./plan-file.js";
import type { PlannedStageJob } from "./plan-stages.js";
import type { PlannedStageResult, RolloutResult, StageResult } from "./result.js";
import { currentIndex, isPassed, type StageState } from "./stages.js";

/** Returns what `--json` prints. @param end how far a run got; without it, what AWS has recorded decides */
export function rolloutResult(
  plan: RolloutPlan,
  states: readonly StageState[],
  end: RolloutEnd | undefined,
  plans: ReadonlyMap<string, PlannedStageResult> = new Map(),
): RolloutResult {
  const stages = states.map((state, i): StageResult => {
    const { stage, started } = state;
    const planned = plans.get(stage.name);
    return {
      name: stage.name,
      number: stage.number,
      jobId: stage.jobId,
      to: [...stage.to],
      status: started?.job.status ?? null,
      counts: started?.job.counts ?? null,
      gate: gateOf(states, i),
      ...(planned !== undefined && { plan: planned }),
    };
  });
  const current = states[currentIndex(states)];
  const gate = current === undefined ? undefined : stages[current.stage.number - 1]?.gate;
  return {
    rollout: plan.name,
    state: stateOf(states, current, gate?.state),
    stage: current?.stage.name ?? null,
    reason: (end !== undefined && end.kind !== "done" ? end.text : gate?.text) ?? null,
    stages,
  };
}

function stateOf(
  states: readonly StageState[],
  current: StageState | undefined,
  gate: StageResult["gate"]["state"] | undefined,
): RolloutResult["state"] {
  if (current === undefined) return "done";
  if (states.every(({ started }) => started === undefined)) return "planned";
  return gate === "closed" ? "stopped" : "in progress";
}

function gateOf(states: readonly StageState[], index: number): StageResult["gate"] {
  const recorded = states[index]?.started?.tags.gate;
  if (recorded !== undefined && (recorded.state === "open" || !isPassed(states, index)))
    return { ...recorded };
  if (!isPassed(states, index)) return { state: "pending", text: null, decidedAt: null };
  return { state: "open", text: "a later stage has started", decidedAt: null };
}

/** Returns what a dry run shows of a stage that has not started. */
export function plannedResult(
  { plan }: PlannedStageJob,
  rehearsal: PlannedStageResult["rehearsal"],
): PlannedStageResult {
  const { reach, spec, targetArns } = plan;
  return {
    things: reach.unknown === undefined ? reach.things.length : null,
    request: {
      targets: targetArns,
      ...(spec.continuous && { targetSelection: "CONTINUOUS" }),
      ...rolloutConfigs(spec.rollout),
      ...schedulingConfigOf(spec.schedule),
    },
    warnings: plan.warnings,
    ...(rehearsal !== undefined && { rehearsal }),
  };
}
