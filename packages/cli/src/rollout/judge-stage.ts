import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { firmwareIn } from "../job/firmware.js";
import type { Advancing, RolloutEnd } from "./advancing.js";
import { awsNow } from "./aws-time.js";
import { type GateFacts, type GateVerdict, judgeGate } from "./gate.js";
import { askCommand, type CommandAnswer } from "./gate-command.js";
import { openFacts } from "./gate-facts.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import { currentIndex, readStage, type StageState } from "./stages.js";

/** A command that answers "later" is asked again after this time. */
const ASK_AGAIN_MS = 60_000;

/** Says that another run has opened the gate. */
interface Passed {
  kind: "passed";
}

/** Holds a verdict after the command was asked. */
export type Verdict = Exclude<GateVerdict, { kind: "ask" }> | Passed;

/** Returns a function that reads the job of a stage and decides about its gate; it asks the command when it is due. */
export function openJudge(
  run: Advancing,
  stage: Stage,
): () => Promise<{ state: StageState; verdict: Verdict }> {
  const { cloud, plan } = run;
  const facts = openFacts(cloud.iot);
  let later: { answer: CommandAnswer; againMs: number } | undefined;

  async function look(): Promise<{ state: StageState; verdict: GateVerdict | Passed; found: GateFacts }> {
    const state = await readStage(cloud.iot, plan, stage);
    const { started } = state;
    if (started === undefined) throw deleted(plan, stage);
    const found = await facts.read(started.job, stage.gate, awsNow(cloud));
    const isPassed = started.tags.gate?.state === "open";
    return { state, verdict: isPassed ? { kind: "passed" } : judgeGate(stage.gate, found), found };
  }

  return async () => {
    const { state, verdict, found } = await look();
    if (verdict.kind !== "ask") return { state, verdict };
    if (later === undefined || later.againMs <= found.now.getTime()) {
      const answer = await ask(run, stage, { ...found, version: versionOf(state) });
      if (answer.kind !== "later") {
        // A command may take an hour: until then, the job may be canceled, or another run may open the gate.
        const after = await look();
        if (after.verdict.kind !== "ask") return { state: after.state, verdict: after.verdict };
        return {
          state: after.state,
          verdict: { kind: answer.kind, text: `${after.verdict.text}; ${answer.text}` },
        };
      }
      later = { answer, againMs: awsNow(cloud).getTime() + ASK_AGAIN_MS };
    }
    const text = `${verdict.text}; ${later.answer.text}`;
    if (found.now >= verdict.deadline)
      return { state, verdict: { kind: "closed", text: `${text}: too late` } };
    const until = new Date(Math.min(later.againMs, verdict.deadline.getTime()));
    return { state, verdict: { kind: "wait", text: `${text}: asking again`, until } };
  };
}

/**
 * Says what the gate of the current stage waits for, without its command, and records nothing; `undefined` if the stage
 * has not started or its gate has decided.
 */
export async function judgeNow(
  cloud: Cloud,
  states: readonly StageState[],
): Promise<Extract<RolloutEnd, { kind: "waiting" }> | undefined> {
  const { stage, started } = states[currentIndex(states)] ?? {};
  if (stage === undefined || started === undefined || started.tags.gate !== undefined) return undefined;
  const found = await openFacts(cloud.iot).read(started.job, stage.gate, awsNow(cloud));
  const { kind, text } = judgeGate(stage.gate, found);
  const next = { wait: "", ask: "; the next run asks its command", open: "", closed: "" }[kind];
  return { kind: "waiting", stage, text: `${text}${next}` };
}

async function ask(
  { context, plan }: Advancing,
  { name, number, jobId, gate }: Stage,
  facts: { version: string | null; succeeded: number; failed: number; pending: number },
): Promise<CommandAnswer> {
  const { version, succeeded, failed, pending } = facts;
  const about = { rollout: plan.name, stage: name, stageNumber: number, stages: plan.stages.length, jobId };
  const { host, output } = context;
  return await askCommand(
    gate.command ?? [],
    { ...about, version, succeeded, failed, pending },
    { host, cwd: plan.folder, onLine: (line) => output.note(`  ${line}`) },
  );
}

function versionOf({ started }: StageState): string | null {
  return firmwareIn(started?.job.description).version ?? null;
}

function deleted(plan: RolloutPlan, stage: Stage): FotaError {
  return new FotaError("JOB_NOT_FOUND", `job ${stage.jobId} of stage ${stage.name} was deleted`, {
    hint: { text: "run <command> to start the stage again", command: ["rollout", plan.path] },
  });
}
