import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, isFotaError } from "@fota/shared";
import type { Cloud } from "../aws/cloud.js";
import { cancelJob } from "../aws/jobs.js";
import { addTags } from "../aws/tags.js";
import type { Context } from "../context.js";
import { firmwareIn } from "../job/firmware.js";
import { type GateRecord, gateTag } from "../job/rollout-tags.js";
import { checkSignersOfKeySets } from "../publish/check-key-sets.js";
import { counter } from "../publish/counter.js";
import type { Plan } from "../publish/plan.js";
import { executePlan } from "../publish/publish.js";
import { signPlan } from "../publish/signing.js";
import { summaryOf } from "../status/summary.js";
import { outcomeLine, withTimeOfDay } from "../status/wait.js";
import type { Paint } from "../terminal/paint.js";
import { type GateVerdict, judgeGate } from "./gate.js";
import { askCommand, type CommandAnswer } from "./gate-command.js";
import { openFacts } from "./gate-facts.js";
import type { RolloutPlan, Stage } from "./plan-file.js";
import { planStage } from "./plan-stages.js";
import { currentIndex, readStage, type StageState } from "./stages.js";

/** Says how far a rollout got. `stage` is the one whose gate is not open. */
export type RolloutEnd =
  | { kind: "done" }
  | { kind: "waiting"; stage: Stage; text: string }
  | { kind: "stopped"; stage: Stage; text: string };

export interface Advancing {
  context: Context;
  cloud: Cloud;
  plan: RolloutPlan;
  /** Updated with each state that is read. */
  states: StageState[];
  /** The plan of the next stage, made by the check at the start. */
  planned: Plan | undefined;
  /** Goes as far as possible now, and does not wait. */
  once: boolean;
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5_000;
/** A command that answers "later" is asked again after this time. */
const ASK_AGAIN_MS = 60_000;
/** Limits how long AWS may be unreachable: a rollout lasts for days, and a network fails at night. */
const OUTAGE_MAX_MS = 3_600_000;
const PLAIN: Paint = (_style, text) => text;
const GATE_CLOSED = "ROLLOUT_GATE_CLOSED";

/**
 * Starts one stage after the other as their gates open. All state is in AWS: a run that was killed at any moment
 * continues here, and two runs at once do the same.
 * @throws {FotaError} INTERRUPTED, ROLLOUT_CHANGED, and what planning and publishing throw
 */
export async function advanceRollout(run: Advancing): Promise<RolloutEnd> {
  const { plan, states } = run;
  for (let index = currentIndex(states); index < plan.stages.length; index = currentIndex(states)) {
    const state = states[index];
    if (state === undefined) break;
    const { stage } = state;
    if (state.started === undefined) states[index] = await startStage(run, stage);
    const end = await followStage(run, index);
    if (end !== undefined) return end;
  }
  return { kind: "done" };
}

/** Creates the job of a stage, or finds that another run has created it. */
async function startStage(run: Advancing, stage: Stage): Promise<StageState> {
  const { context, cloud, plan } = run;
  const { output } = context;
  const title = titleOf(plan, stage);
  const planned =
    run.planned ?? (await output.during(`${title}: checking`, () => planStage(context, cloud, plan, stage)));
  run.planned = undefined;
  const signed = await signPlan(planned);
  if (signed.existing === undefined) await checkSignersOfKeySets(signed.document);
  const { created } = await output.during(`${title}: uploading`, (progress) =>
    executePlan(signed, cloud, {
      onStep: (step) => progress(`${title}: ${step === "upload" ? "uploading" : "creating the job"}`),
      onBytes: counter(progress, `${title}: uploading`),
    }),
  );
  output.note(`${title}: job ${stage.jobId} ${created ? "created" : "exists already"}`);
  return await readStage(cloud.iot, plan, stage);
}

/** Reads the job of a stage again and again until its gate decides; `undefined` when it is open. */
async function followStage(run: Advancing, index: number): Promise<RolloutEnd | undefined> {
  const { context, cloud, plan, states, once } = run;
  const { output, host } = context;
  const stage = plan.stages[index] as Stage;
  const title = titleOf(plan, stage);
  const judge = openJudge(run, stage);
  return await output.during(title, async (progress) => {
    let delayMs = FIRST_DELAY_MS;
    let shownBefore = "";
    let outageSinceMs: number | undefined;
    for (;;) {
      let untilMs = Number.POSITIVE_INFINITY;
      try {
        const { state, verdict } = await judge();
        outageSinceMs = undefined;
        states[index] = state;
        if (verdict.kind === "passed") return undefined;
        const line = `${title}: ${lineOf(state, verdict, output.live ? output.paint : PLAIN)}`;
        if (output.live) progress(line);
        else if (line !== shownBefore) output.note(withTimeOfDay(line));
        delayMs = line === shownBefore ? Math.min(delayMs * 1.5, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
        shownBefore = line;
        if (verdict.kind !== "wait") {
          states[index] = await record(run, state, verdict);
          return verdict.kind === "open" ? undefined : { kind: "stopped", stage, text: verdict.text };
        }
        if (once) return { kind: "waiting", stage, text: verdict.text };
        if (verdict.until !== undefined) untilMs = verdict.until.getTime() - awsNow(cloud).getTime();
      } catch (error) {
        if (once || !isTransient(error)) throw error;
        outageSinceMs ??= performance.now();
        if (performance.now() - outageSinceMs > OUTAGE_MAX_MS) throw error;
        progress(`${title}: ${error.message}; trying again`);
        delayMs = LONGEST_DELAY_MS;
      }
      await sleep(Math.max(0, Math.min(delayMs, untilMs)), undefined, { signal: host.signal });
    }
  });
}

/** Holds a verdict after the command was asked, or says that another run has opened the gate. */
type Verdict = Exclude<GateVerdict, { kind: "ask" }> | { kind: "passed" };

/** Returns a function that reads the job of a stage and decides about its gate; it asks the command when it is due. */
function openJudge(run: Advancing, stage: Stage): () => Promise<{ state: StageState; verdict: Verdict }> {
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

/** Records a decision in the tags of the job, for other machines, and cancels the job if the plan wants that. */
async function record(
  { cloud }: Advancing,
  state: StageState,
  { kind, text }: { kind: GateRecord["state"]; text: string },
): Promise<StageState> {
  const { stage, started } = state;
  if (started === undefined) return state;
  const gate = { state: kind, decidedAt: isoSeconds(awsNow(cloud)), text };
  await addTags(cloud.iot, started.job.jobArn, gateTag(gate));
  const isOver = started.job.status === "CANCELED" || started.job.status === "COMPLETED";
  if (kind === "closed" && stage.gate.onFail === "cancel" && !isOver) {
    await cancelJob(cloud.iot, stage.jobId, { force: false, reasonCode: GATE_CLOSED, comment: text }).catch(
      (error: unknown) => {
        if (!isFotaError(error, "JOB_ENDED")) throw error;
      },
    );
  }
  return { stage, started: { ...started, tags: { ...started.tags, gate } } };
}

/**
 * Opens the gate of the current stage by hand.
 * @throws {FotaError} USAGE when another stage is the current one
 */
export async function acceptStage(
  { cloud, plan }: Pick<Advancing, "cloud" | "plan">,
  states: readonly StageState[],
  name: string,
): Promise<StageState> {
  const current = states[currentIndex(states)];
  if (current?.stage.name !== name) {
    const where =
      current === undefined ? "all gates are open" : `the rollout is at stage ${current.stage.name}`;
    throw new FotaError("USAGE", `--accept ${name}: ${where}`, {
      hint: {
        text: "run <command> to see where the rollout stands",
        command: ["rollout", plan.path, "--status"],
      },
    });
  }
  const { started } = current;
  if (started === undefined) {
    throw new FotaError("USAGE", `--accept ${name}: the stage has not started`, {
      hint: { text: "run <command> to start it", command: ["rollout", plan.path] },
    });
  }
  const gate = { state: "open", decidedAt: isoSeconds(awsNow(cloud)), text: "accepted by hand" } as const;
  await addTags(cloud.iot, started.job.jobArn, gateTag(gate));
  return { ...current, started: { ...started, tags: { ...started.tags, gate } } };
}

/** Returns the time by AWS's clock: a soak that began on another machine ends at the same time here. */
function awsNow({ access }: Cloud): Date {
  return new Date(Date.now() - (access.clock.aheadSeconds() ?? 0) * 1000);
}

function isoSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function isTransient(error: unknown): error is FotaError {
  return isFotaError(error, "THROTTLED") || isFotaError(error, "ENDPOINT_UNREACHABLE");
}

function titleOf({ stages }: RolloutPlan, { number, name }: Stage): string {
  return `${number}/${stages.length} ${name}`;
}

function lineOf({ started }: StageState, verdict: { kind: string; text: string }, paint: Paint): string {
  const gate = `gate ${verdict.kind === "wait" ? "waits" : verdict.kind}: ${verdict.text}`;
  if (started === undefined) return gate;
  return `${outcomeLine(summaryOf(started.job, Date.now()), paint)}, ${gate}`;
}

function versionOf({ started }: StageState): string | null {
  return firmwareIn(started?.job.description).version ?? null;
}

function deleted(plan: RolloutPlan, stage: Stage): FotaError {
  return new FotaError("JOB_NOT_FOUND", `job ${stage.jobId} of stage ${stage.name} was deleted`, {
    hint: { text: "run <command> to start the stage again", command: ["rollout", plan.path] },
  });
}
