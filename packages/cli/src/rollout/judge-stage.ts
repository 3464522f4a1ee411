import { FotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { firmwareIn } from "../job/firmware.js";
import type { Advancing, RolloutEnd } from "./advancing.js";
import { awsNow } from "./aws-time.js";
import { type GateVerdict, judgeGate } from "./gate.js";
import { askCommand, type CommandAnswer } from "./gate-command.js";
import { openFacts } from "./gate-facts.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import { currentIndex, readStage, type StageState } from "./stages.js";

/** A command that answers "later" is asked again after this time. */
const ASK_AGAIN_MS = 60_000;

/** Holds a verdict after the command was asked, or says that another run has opened the gate. */
export type Verdict = Exclude<GateVerdict, { kind: "ask" }> | { kind: "passed" };

/** Returns a function that reads the job of a stage and decides about its gate; it asks the command when it is due. */
export function openJudge(
  run: Advancing,
  stage: Stage,
): () => Promise<{ state: StageState; verdict: Verdict }> {
  const { cloud, plan } = run;
  const facts = openFacts(cloud.iot);
  let later: { answer: CommandAnswer; againMs: number } | undefined;
  return async () => {
    const state = await readStage(cloud.iot, plan, stage);
    const { started } = state;
    if (started === undefined) throw deleted(plan, stage);
    if (started.tags.gate?.state === "open") return { state, verdict: { kind: "passed" } };
    const now = awsNow(cloud);
    const found = await facts.read(started.job, stage.gate, now);
    const verdict = judgeGate(stage.gate, found);
    if (verdict.kind !== "ask") return { state, verdict };
    if (later === undefined || later.againMs <= now.getTime()) {
      const answer = await ask(run, stage, { ...found, version: versionOf(state) });
      if (answer.kind !== "later") {
        return { state, verdict: { kind: answer.kind, text: `${verdict.text}; ${answer.text}` } };
      }
      later = { answer, againMs: awsNow(cloud).getTime() + ASK_AGAIN_MS };
    }
    const text = `${verdict.text}; ${later.answer.text}`;
    if (now >= verdict.deadline) return { state, verdict: { kind: "closed", text: `${text}: too late` } };
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
