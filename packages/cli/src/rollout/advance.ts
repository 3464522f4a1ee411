import { setTimeout as sleep } from "node:timers/promises";
import { isFotaError } from "@fota/shared";
import { cancelJob } from "../aws/jobs.js";
import { addTags } from "../aws/tags.js";
import { type GateRecord, gateTag } from "../job/rollout-tags.js";
import { summaryOf } from "../status/summary.js";
import { outcomeLine, withTimeOfDay } from "../status/wait.js";
import type { Paint } from "../terminal/paint.js";
import { wallClockMs } from "../wall-clock.js";
import { type Advancing, outagesOf, type RolloutEnd, titleOf } from "./advancing.js";
import { awsNow, isoSeconds } from "./aws-time.js";
import { openJudge, type Verdict } from "./judge-stage.js";
import { throughOutages } from "./outages.js";
import type { Stage } from "./plan-file.js";
import { currentIndex, type StageState } from "./stages.js";
import { startStage } from "./start-stage.js";

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 5_000;
/** Keeps apart two looks at a gate that is about to change: AWS's clock is known to the second. */
const SHORTEST_DELAY_MS = 250;
const PLAIN: Paint = (_style, text) => text;
const GATE_CLOSED = "ROLLOUT_GATE_CLOSED";
/** The limit of CancelJob. */
const COMMENT_MAX_LENGTH = 2_028;

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
    if (state.started === undefined) {
      states[index] = await throughOutages(() => startStage(run, stage), outagesOf(run, stage));
    }
    const end = await followStage(run, index);
    if (end !== undefined) return end;
  }
  return { kind: "done" };
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
    const outages = outagesOf(run, stage);
    for (;;) {
      const { state, verdict } = await throughOutages(judge, outages);
      states[index] = state;
      if (verdict.kind === "passed") {
        output.note(`${title}: another run has opened the gate: ${state.started?.tags.gate?.text}`);
        return undefined;
      }
      const decided = verdict.kind !== "wait";
      const [outcome, gate] = lookOf(state, verdict, output.live ? output.notes.paint : PLAIN);
      const line = `${title}: ${outcome}, ${gate}`;
      if (output.live && !decided) progress(`${title}: ${outcome}\n  ${gate}`);
      else if (output.live) output.note(`${title}: ${gate}`);
      else if (line !== shownBefore) output.note(withTimeOfDay(line));
      if (decided) {
        states[index] = await throughOutages(() => record(run, state, verdict), outages);
        return verdict.kind === "open" ? undefined : { kind: "stopped", stage, text: verdict.text };
      }
      if (once) return { kind: "waiting", stage, text: verdict.text };
      delayMs = line === shownBefore ? Math.min(delayMs * 1.5, LONGEST_DELAY_MS) : FIRST_DELAY_MS;
      shownBefore = line;
      const { until } = verdict;
      const leftMs = until === undefined ? delayMs : until.getTime() - awsNow(cloud).getTime();
      const waitMs = Math.max(SHORTEST_DELAY_MS, Math.min(delayMs, leftMs));
      await sleep(waitMs, undefined, { signal: host.signal });
    }
  });
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
    const comment = text.replace(/\p{C}/gu, " ").slice(0, COMMENT_MAX_LENGTH);
    await cancelJob(cloud.iot, stage.jobId, { force: false, reasonCode: GATE_CLOSED, comment }).catch(
      (error: unknown) => {
        if (!isFotaError(error, "JOB_ENDED")) throw error;
      },
    );
  }
  return { stage, started: { ...started, tags: { ...started.tags, gate } } };
}

const GATE_STYLES = { wait: "dim", open: "green", closed: "red" } as const;

/** Formats how the job is going, and what its gate says. */
function lookOf(
  { started }: StageState,
  { kind, text }: Exclude<Verdict, { kind: "passed" }>,
  paint: Paint,
): [outcome: string, gate: string] {
  const outcome = started === undefined ? "" : outcomeLine(summaryOf(started.job, wallClockMs()), paint);
  return [outcome, paint(GATE_STYLES[kind], `gate ${kind === "wait" ? "waits" : kind}: ${text}`)];
}
