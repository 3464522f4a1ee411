import { FotaError, isFotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import { describeJob, type JobDescription } from "../aws/jobs.js";
import { listTags } from "../aws/tags.js";
import { changedKeys, lostTags, parseRolloutTags, type RolloutTags, stageTags } from "../job/rollout-tags.js";
import type { RolloutPlan, Stage } from "./plan-file.js";

/** Holds what AWS has of a stage. */
export interface StageState {
  stage: Stage;
  /** `undefined` if the stage has not started, or if its job was deleted. */
  started: { job: JobDescription; tags: RolloutTags } | undefined;
}

/**
 * Reads the jobs of all stages.
 * @throws {FotaError} JOB_EXISTS when the id of a stage belongs to another job; ROLLOUT_CHANGED when the plan differs
 * from the one that started a stage
 */
export async function readStages(iot: Iot, plan: RolloutPlan): Promise<StageState[]> {
  const states = await mapAtOnce(plan.stages, REQUESTS_AT_ONCE, (stage) => readStage(iot, plan, stage));
  checkUnchanged(plan, states);
  return states;
}

/** Reads the job of one stage. @throws {FotaError} JOB_EXISTS; ROLLOUT_CHANGED when its tags were removed */
export async function readStage(iot: Iot, plan: RolloutPlan, stage: Stage): Promise<StageState> {
  const job = await describeJob(iot, stage.jobId).catch((error: unknown) => {
    if (isFotaError(error, "JOB_NOT_FOUND")) return undefined;
    throw error;
  });
  if (job === undefined) return { stage, started: undefined };
  const found = await listTags(iot, job.jobArn);
  const { name, number, keys: stageKeys } = stage;
  const of = { rollout: plan.name, stage: name, number, stages: plan.stages.length };
  const expected = stageTags({ of, firmware: plan.firmware, stageKeys });
  const lost = lostTags(found, expected);
  const tags = parseRolloutTags({ ...expected, ...found });
  const isAnother = tags?.of.rollout !== plan.name || tags.of.stage !== name;
  const count = Object.keys(lost).length;
  if (tags === undefined || isAnother || count === Object.keys(expected).length) {
    throw anotherJob(plan, stage, job, isAnother ? {} : lost);
  }
  if (count === 0) return { stage, started: { job, tags } };
  throw new FotaError(
    "ROLLOUT_CHANGED",
    `job ${stage.jobId} of stage ${name} lost ${count === 1 ? "its tag" : "its tags"} ${Object.keys(lost).join(", ")}, so fota cannot tell whether the plan is the same`,
    { hint: `if it is, add what is missing: ${tagCommand(job, lost)}` },
  );
}

function anotherJob(
  plan: RolloutPlan,
  { name, jobId }: Stage,
  job: JobDescription,
  lost: Readonly<Record<string, string>>,
): FotaError {
  const restore =
    Object.keys(lost).length === 0 ? "" : `; if its tags were removed, add them: ${tagCommand(job, lost)}`;
  return new FotaError("JOB_EXISTS", `job ${jobId} exists and is not stage ${name} of rollout ${plan.name}`, {
    hint: `give the plan another name, or delete the job: fota delete ${jobId}${restore}`,
  });
}

/** Returns a command of the AWS tools that adds tags to a job. */
function tagCommand({ jobArn }: JobDescription, tags: Readonly<Record<string, string>>): string {
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return `aws iot tag-resource --resource-arn ${jobArn} --tags '${JSON.stringify(list)}'`;
}

/** Returns whether the gate of a stage is open: recorded so, or because a later stage has started. */
export function isPassed(states: readonly StageState[], index: number): boolean {
  if (states.slice(index + 1).some(({ started }) => started !== undefined)) return true;
  return states[index]?.started?.tags.gate?.state === "open";
}

/** Returns the index of the first stage whose gate is not open; the number of stages if all are. */
export function currentIndex(states: readonly StageState[]): number {
  const index = states.findIndex((_state, i) => !isPassed(states, i));
  return index < 0 ? states.length : index;
}

function checkUnchanged(plan: RolloutPlan, states: readonly StageState[]): void {
  const changes = states.flatMap((state) => changesOf(plan, state));
  const [first] = changes;
  if (first === undefined) return;
  const texts = [...new Set(changes.map(({ text }) => text))].join("; ");
  throw new FotaError(
    "ROLLOUT_CHANGED",
    `the plan differs from rollout ${plan.name}, which has started: ${texts}`,
    {
      hint: {
        text: "change the plan back to continue (<command> has the values), or give it another name for a new rollout",
        command: ["show", first.jobId],
      },
    },
  );
}

function changesOf(plan: RolloutPlan, { stage, started }: StageState): { text: string; jobId: string }[] {
  if (started === undefined) return [];
  const { of, firmware, stageKeys } = started.tags;
  const texts: string[] = [];
  if (of.number !== stage.number) {
    texts.push(
      `stage ${stage.name} started as number ${of.number} and is number ${stage.number} in the plan`,
    );
  }
  const ofFirmware = changedKeys(firmware, plan.firmware);
  if (ofFirmware.length > 0) texts.push(`publish has another ${ofFirmware.join(", ")}`);
  const ofStage = changedKeys(stageKeys, stage.keys);
  if (ofStage.length > 0) texts.push(`stage ${stage.name} has another ${ofStage.join(", ")}`);
  return texts.map((text) => ({ text, jobId: stage.jobId }));
}
