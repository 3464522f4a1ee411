/** Checks invariants after each of many random commands. */
import { isTerminal, JOB_EXECUTION_STATUSES } from "@fota/shared";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CommandInput, type CommandName, runCommand } from "../src/engine/commands.js";
import { randomFrom } from "../src/engine/random.js";
import { AwsError } from "../src/errors.js";
import { nextDueMs } from "../src/jobs/due-work.js";
import type { Execution, Job } from "../src/jobs/job.js";
import { visibleExecutions } from "../src/jobs/pending-queue.js";
import { createWorld, startCommand, type World } from "../src/jobs/world.js";
import { StateCapture } from "../src/state/state-capture.js";
import {
  addGroup,
  addThings,
  createModel,
  groupArn,
  MINUTE_MS,
  type Model,
  type Recorded,
  thingArn,
} from "./model-driver.js";
import { buildWorld, encodeWorld } from "./support/world-copy.js";

const THINGS = ["t0", "t1", "t2", "t3", "t4", "t5"];
/** `below` is a child group of `fleet`. */
const GROUPS = ["fleet", "below", "other"];
const JOBS = ["j0", "j1", "j2"];

type Step = (model: Model) => void;

const thingName = fc.constantFrom(...THINGS);
const thingGroupName = fc.constantFrom(...GROUPS);
const jobId = fc.constantFrom(...JOBS);
const force = fc.boolean();
const targets = fc.uniqueArray(
  fc.oneof(thingName.map(thingArn), thingGroupName.map(groupArn), thingGroupName.map(groupArn)),
  { minLength: 1, maxLength: 3 },
);

const config = fc.record(
  {
    jobExecutionsRolloutConfig: fc.oneof(
      fc.record({ maximumPerMinute: fc.integer({ min: 1, max: 3 }) }),
      fc.record({
        exponentialRate: fc.record({
          baseRatePerMinute: fc.constant(1),
          incrementFactor: fc.constantFrom(1.5, 2),
          rateIncreaseCriteria: fc.oneof(
            fc.record({ numberOfNotifiedThings: fc.integer({ min: 1, max: 3 }) }),
            fc.record({ numberOfSucceededThings: fc.integer({ min: 1, max: 2 }) }),
          ),
        }),
      }),
    ),
    abortConfig: fc.record({
      criteriaList: fc.array(
        fc.record({
          failureType: fc.constantFrom("FAILED", "REJECTED", "TIMED_OUT", "ALL"),
          action: fc.constant("CANCEL" as const),
          thresholdPercentage: fc.constantFrom(10, 33.33, 50, 66.67, 100),
          minNumberOfExecutedThings: fc.integer({ min: 1, max: 4 }),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
    timeoutConfig: fc.record({ inProgressTimeoutInMinutes: fc.integer({ min: 1, max: 20 }) }),
    jobExecutionsRetryConfig: fc.record({
      criteriaList: fc.array(
        fc.record({
          failureType: fc.constantFrom("FAILED", "TIMED_OUT", "ALL"),
          numberOfRetries: fc.integer({ min: 0, max: 3 }),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  },
  { requiredKeys: [] },
);

const windows = [{ startTime: "cron(0/40 * * * ? *)", durationInMinutes: 15 }];
const schedulingConfig = fc.option(
  fc.oneof(
    fc.record(
      {
        startTime: fc.constant("2026-11-24T00:45"),
        endTime: fc.constantFrom("2026-11-24T01:30", "2026-11-24T03:00"),
        endBehavior: fc.constantFrom("STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL"),
      },
      { requiredKeys: ["endTime"] },
    ),
    fc.record({ maintenanceWindows: fc.constant(windows) }),
  ),
  { nil: undefined, freq: 2 },
);

function step<N extends CommandName>(name: N, input: fc.Arbitrary<CommandInput<N>>): fc.Arbitrary<Step> {
  return input.map((value) =>
    Object.assign((model: Model) => void model.run(name, value), {
      [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}`,
    }),
  );
}

const createJob = step(
  "createJob",
  fc.record({
    jobId,
    targets,
    document: fc.constant("{}"),
    targetSelection: fc.constantFrom("SNAPSHOT", "CONTINUOUS"),
    config,
    schedulingConfig,
    tags: fc.constant({}),
    rollsOutAtOnce: fc.boolean(),
  }),
);
const report = step(
  "updateExecution",
  fc.record({
    thingName,
    jobId,
    status: fc.constantFrom("IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"),
    expectedVersion: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 5 }),
    stepTimeoutInMinutes: fc.option(fc.constantFrom(-1, 1, 30), { nil: undefined }),
  }),
);
const startNext = step(
  "startNextExecution",
  fc.record({ thingName, stepTimeoutInMinutes: fc.option(fc.constantFrom(1, 30), { nil: undefined }) }),
);
const join = step("addThingToGroup", fc.record({ thingName, thingGroupName }));
const leave = step("removeThingFromGroup", fc.record({ thingName, thingGroupName }));
const executionNumber = fc.integer({ min: 1, max: 2 });
const noRetries = { criteriaList: [{ failureType: "ALL" as const, numberOfRetries: 0 }] };
const timePasses: fc.Arbitrary<Step> = fc
  .constantFrom(0, 1, 20_000, MINUTE_MS, 5 * MINUTE_MS, 45 * MINUTE_MS)
  .map((delayMs) =>
    Object.assign((model: Model) => model.advance(delayMs), {
      [fc.toStringMethod]: () => `${delayMs} ms pass`,
    }),
  );
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: createJob },
    { weight: 12, arbitrary: report },
    { weight: 5, arbitrary: startNext },
    { weight: 5, arbitrary: timePasses },
    { weight: 3, arbitrary: join },
    { weight: 2, arbitrary: leave },
    step("createThing", fc.record({ thingName, attributes: fc.constant({}) })),
    step("deleteThing", fc.record({ thingName })),
    step("deleteThingGroup", fc.record({ thingGroupName })),
    step("associateTargets", fc.record({ jobId, targets })),
    step("updateJob", fc.record({ jobId, config: fc.constant({ jobExecutionsRetryConfig: noRetries }) })),
    step("cancelJob", fc.record({ jobId, force })),
    step("deleteJob", fc.record({ jobId, force })),
    step("cancelExecution", fc.record({ thingName, jobId, force })),
    step("deleteExecution", fc.record({ thingName, jobId, executionNumber, force })),
  ),
  { minLength: 20, maxLength: 80, size: "max" },
);

const snapshotShares = fc.double({ min: 0, max: 1, noNaN: true });
/** Executions that a command cancels or deletes at once. */
const sliceSizes = fc.constantFrom(undefined, 1, 2);

const executionsOf = (job: Job) => [...job.executions.values()].flat();
const allExecutions = (world: World) => [...world.jobs.values()].flatMap(executionsOf);

function checkCounts(world: World): void {
  for (const job of world.jobs.values()) {
    const counted = Object.fromEntries(
      JOB_EXECUTION_STATUSES.map((status) => [
        status,
        executionsOf(job).filter((execution) => execution.status === status).length,
      ]),
    );
    expect(job.counts).toEqual(counted);
  }
}

/** The queues contain each pending execution once, in order, and at most one of each job. */
function checkQueues(world: World): void {
  const pending = allExecutions(world).filter(({ status }) => !isTerminal(status));
  pending.sort(
    (a, b) =>
      Number(b.status === "IN_PROGRESS") - Number(a.status === "IN_PROGRESS") || a.sequence - b.sequence,
  );
  const expected: Record<string, string[]> = {};
  for (const { thingName: name, jobId: id } of pending) expected[name] = [...(expected[name] ?? []), id];
  const found = [...world.agendas].filter(([, agenda]) => agenda.pending.length > 0);
  expect(Object.fromEntries(found.map(([name, agenda]) => [name, agenda.pending]))).toEqual(expected);
  for (const ids of Object.values(expected)) expect(new Set(ids).size).toBe(ids.length);
}

/** No execution is pending for a thing that is no longer a target. */
function checkTargets(world: World): void {
  const above = (name: string): string[] => {
    const parent = world.groups.get(name)?.parent;
    return parent === undefined ? [name] : [name, ...above(parent)];
  };
  for (const { status, thingName: name, jobId: id } of allExecutions(world)) {
    if (isTerminal(status)) continue;
    const groups = [...(world.things.get(name)?.groups ?? [])].flatMap(above).map(groupArn);
    const arns = world.things.has(name) ? [thingArn(name), ...groups] : [];
    expect(world.jobs.get(id)?.targets.some((target) => arns.includes(target))).toBe(true);
  }
}

/** A SNAPSHOT job with nothing left to do does not stay open. */
function checkCompletion(world: World): void {
  for (const { status, targetSelection, rollout, counts } of world.jobs.values()) {
    if (targetSelection !== "SNAPSHOT" || rollout !== undefined) continue;
    if (status === "IN_PROGRESS" || status === "SCHEDULED") {
      expect(counts.QUEUED + counts.IN_PROGRESS).toBeGreaterThan(0);
    }
  }
}

/** Ended executions never change; versions grow with every change. */
function checkHistory(before: Map<number, Execution>, world: World): void {
  for (const after of allExecutions(world)) {
    const earlier = before.get(after.sequence);
    if (earlier === undefined) continue;
    if (isTerminal(earlier.status)) expect(after).toEqual(earlier);
    expect(after.versionNumber).toBeGreaterThanOrEqual(earlier.versionNumber);
    if (after.status !== earlier.status) expect(after.versionNumber).toBeGreaterThan(earlier.versionNumber);
  }
}

interface Tally {
  ended: number;
  failed: number;
}

function metBy(job: Job, tally: (failureType: string) => Tally): boolean {
  return (job.config.abortConfig?.criteriaList ?? []).some((criterion) => {
    const { ended, failed } = tally(criterion.failureType);
    const percent = (failed / ended) * 100;
    return ended >= criterion.minNumberOfExecutedThings && percent > criterion.thresholdPercentage - 1e-9;
  });
}

interface Before {
  jobs: Map<string, Job>;
  executions: Map<number, Execution>;
}

/** No open job meets an abort criterion; an aborted job met one, without the executions that the abort canceled. */
function checkAborts(
  { jobs: jobsBefore, executions: executionsBefore }: Before,
  world: World,
  canceledByCommand: number,
): void {
  for (const job of world.jobs.values()) {
    const ended = executionsOf(job).filter(({ status }) => isTerminal(status));
    const failed = (failureType: string) =>
      ended.filter(({ status }) =>
        failureType === "ALL" ? ["FAILED", "REJECTED", "TIMED_OUT"].includes(status) : status === failureType,
      ).length;
    if (job.status === "IN_PROGRESS" || job.status === "SCHEDULED") {
      expect(metBy(job, (type) => ({ ended: ended.length, failed: failed(type) }))).toBe(false);
    }
    const before = jobsBefore.get(job.jobId);
    const justAborted = job.reasonCode === "ABORT_CRITERIA_MET" && before?.reasonCode === undefined;
    if (!justAborted || before === undefined) continue;
    // Not the difference of the counts: the command may have deleted a canceled execution.
    const newlyCanceled = executionsOf(job).filter(
      ({ status, sequence }) =>
        status === "CANCELED" && executionsBefore.get(sequence)?.status !== "CANCELED",
    );
    const canceledByAbort = newlyCanceled.length - canceledByCommand;
    expect(metBy(job, (type) => ({ ended: ended.length - canceledByAbort, failed: failed(type) }))).toBe(
      true,
    );
  }
}

/** In any 60 seconds, ticks create at most as many first executions as the rate at their end allows. */
function checkRates(created: Map<Job, number[]>): void {
  for (const [job, times] of created) {
    const { maximumPerMinute, exponentialRate } = job.config.jobExecutionsRolloutConfig ?? {};
    for (const [index, timeMs] of times.entries()) {
      const inMinute = times.slice(0, index + 1).filter((earlier) => earlier > timeMs - MINUTE_MS).length;
      if (maximumPerMinute !== undefined) expect(inMinute).toBeLessThanOrEqual(maximumPerMinute);
      if (exponentialRate === undefined) continue;
      const { numberOfNotifiedThings = 1 } = exponentialRate.rateIncreaseCriteria;
      const increases = Math.floor(index / numberOfNotifiedThings); // there were no more successes
      expect(inMinute).toBeLessThanOrEqual(Math.max(1, exponentialRate.incrementFactor ** increases));
    }
  }
}

/** A device that only listens to notifications knows the state of the model. */
function checkNotices(
  model: Model,
  believed: Map<string, { members: string[]; next: string | undefined }>,
): void {
  for (const { topic, payload } of model.takeNotices()) {
    const [, name = "", type] = /^\$aws\/things\/(.+)\/jobs\/(notify|notify-next)$/.exec(topic) ?? [];
    const belief = believed.get(name) ?? { members: [], next: undefined };
    const { jobs, execution } = JSON.parse(payload);
    if (type === "notify-next") belief.next = execution?.jobId;
    else
      belief.members = Object.values(jobs ?? {}).flatMap((list) =>
        (list as { jobId: string }[]).map(({ jobId: id }) => id),
      );
    believed.set(name, belief);
  }
  for (const [name, { members, next }] of believed) {
    const visible = [...visibleExecutions(model.world, name)].map(({ jobId: id }) => id);
    expect([...members].sort()).toEqual([...visible].sort());
    expect(next).toBe(visible[0]);
  }
}

/**
 * Replays the commands in two worlds. The first one runs all of them; its snapshot begins before command `snapshotAt`, and
 * is written while the later ones run, a small part after each or everything at the end. The second one is the snapshot
 * with the later ones.
 */
function replay(model: Model, snapshotAt: number): World[] {
  const world = createWorld("us-east-1");
  const later = model.records.slice(snapshotAt);
  for (const record of model.records.slice(0, snapshotAt)) runAgain(world, record);
  const capture = new StateCapture(world, { inlineMax: 2, recordChars: 1 });
  const parts = capture.records();
  const written: string[] = [];
  for (const record of later) {
    capture.change(() => runAgain(world, record));
    const part = snapshotAt % 2 === 0 ? undefined : parts.next();
    if (part?.done === false) written.push(part.value);
  }
  const restored = buildWorld([...written, ...parts]);
  for (const record of later) runAgain(restored, record);
  return [world, restored];
}

function runAgain(world: World, { command, input, nowMs, seed, sliceSize }: Recorded): void {
  try {
    runCommand(startCommand(world, { nowMs, random: randomFrom(seed) }, sliceSize), command, input as never);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}

test("the invariants hold after every command, and a replay gives the same world", () => {
  const reached: Record<string, number> = {};
  fc.assert(
    fc.property(steps, snapshotShares, sliceSizes, (sequence, snapshotShare, sliceSize) => {
      const model = createModel(createWorld("us-east-1"), sliceSize);
      const { world } = model;
      addThings(model, ...THINGS);
      addGroup(model, "fleet", ["t0", "t1", "t2"]);
      addGroup(model, "below", ["t3", "t4"], "fleet");
      addGroup(model, "other", []);
      model.takeNotices();
      const believed = new Map<string, { members: string[]; next: string | undefined }>();
      const createdByTicks = new Map<Job, number[]>();
      let jobsBefore = new Map<string, Job>();
      let executionsBefore = new Map<number, Execution>();
      model.onRun = (command) => {
        for (const execution of allExecutions(world)) {
          const job = world.jobs.get(execution.jobId);
          const isNew = !executionsBefore.has(execution.sequence);
          const isRetry = execution.retries.FAILED + execution.retries.TIMED_OUT > 0;
          if (command !== "tick" || job === undefined || !isNew || isRetry) continue;
          createdByTicks.set(job, [...(createdByTicks.get(job) ?? []), model.nowMs]);
        }
        for (const { status, sweep, visibilityChange } of world.jobs.values()) {
          if (sweep !== undefined) reached[`sweep of a job ${status}`] = 1;
          if (visibilityChange !== undefined) reached[`change to ${status} that goes on`] = 1;
        }
        if (world.groupDeletions?.size) reached["sweep of a group"] = 1;
        checkHistory(executionsBefore, world);
        checkCounts(world);
        checkQueues(world);
        checkTargets(world);
        checkCompletion(world);
        checkAborts(
          { jobs: jobsBefore, executions: executionsBefore },
          world,
          command === "cancelExecution" ? 1 : 0,
        );
        checkNotices(model, believed);
        jobsBefore = new Map([...world.jobs].map(([id, job]) => [id, { ...job, counts: { ...job.counts } }]));
        executionsBefore = new Map(
          allExecutions(world).map((each) => [each.sequence, structuredClone(each)]),
        );
      };
      for (const act of sequence) {
        const text = encodeWorld(world);
        try {
          act(model);
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          expect(encodeWorld(world)).toBe(text);
        }
      }
      model.settle();
      expect(nextDueMs(world) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(model.nowMs);
      checkRates(createdByTicks);
      for (const again of replay(model, Math.floor(snapshotShare * model.records.length))) {
        expect(encodeWorld(again)).toBe(encodeWorld(world));
      }
      for (const job of world.jobs.values()) {
        for (const key of [
          job.status,
          job.reasonCode ?? "",
          ...executionsOf(job).map(({ status }) => status),
        ]) {
          reached[key] = (reached[key] ?? 0) + 1;
        }
      }
    }),
    { numRuns: process.env["FOTA_SWEEP"] ? 400 : 200 },
  );
  // The commands reach all states; otherwise the checks above prove nothing.
  const everywhere = [...JOB_EXECUTION_STATUSES, "ABORT_CRITERIA_MET", "COMPLETED", "SCHEDULED"];
  everywhere.push("sweep of a job CANCELED", "sweep of a job DELETION_IN_PROGRESS", "sweep of a group");
  everywhere.push("change to SCHEDULED that goes on", "change to IN_PROGRESS that goes on");
  expect(everywhere.filter((key) => reached[key] === undefined)).toEqual([]);
});
