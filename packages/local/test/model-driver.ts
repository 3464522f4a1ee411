import {
  type CommandInput,
  type CommandName,
  type CommandOutput,
  runCommand,
} from "../src/engine/commands.js";
import { randomFrom } from "../src/engine/random.js";
import { nextDueMs } from "../src/jobs/due-work.js";
import { collectEvents } from "../src/jobs/events.js";
import type { Execution, Job } from "../src/jobs/job.js";
import { collectNotices, type Notice } from "../src/jobs/notices.js";
import { createWorld, startCommand, type World } from "../src/jobs/world.js";

/** 2026-11-24T00:00:00Z, a Tuesday. */
export const START_MS = Date.UTC(2026, 10, 24);
export const MINUTE_MS = 60_000;

/** One line of the journal. */
export interface Recorded {
  command: CommandName;
  input: unknown;
  nowMs: number;
  seed: string;
  sliceSize: number | undefined;
}

/** The model with a manual clock, without a process. */
export interface Model {
  readonly world: World;
  readonly nowMs: number;
  /** All commands so far, including ticks and refused commands. */
  readonly records: readonly Recorded[];
  /** @throws {AwsError} */
  run<N extends CommandName>(command: N, input: CommandInput<N>): CommandOutput<N>;
  /** Runs what is due now. */
  settle(): void;
  /** Advances the clock and runs what becomes due, each at its own time. */
  advance(delayMs: number): void;
  /** Advances the clock and runs nothing, as while the stand-in is stopped. */
  stop(delayMs: number): void;
  /** Returns the notifications since the last call. */
  takeNotices(): Notice[];
  /** Called after each command that was not refused, including ticks. */
  onRun?: (command: CommandName) => void;
}

/** Without `sliceSize`, a command does all of its work at once, as in journals of earlier builds. */
export function createModel(world: World = createWorld("us-east-1"), sliceSize?: number): Model {
  let nowMs = START_MS;
  let notices: Notice[] = [];
  const records: Recorded[] = [];

  function run<N extends CommandName>(command: N, input: CommandInput<N>): CommandOutput<N> {
    const seed = records.length.toString(16).padStart(32, "0");
    records.push({ command, input: structuredClone(input), nowMs, seed, sliceSize });
    const turn = startCommand(world, { nowMs, random: randomFrom(seed) }, sliceSize);
    const output = runCommand(turn, command, input);
    notices.push(...turn.messages);
    notices.push(
      ...collectNotices(turn, { isHeard: () => true, documentToSend: ({ document }) => document }),
      ...collectEvents(turn),
    );
    model.onRun?.(command);
    return output;
  }

  function settle(): void {
    for (let dueMs = nextDueMs(world); dueMs !== undefined && dueMs <= nowMs; dueMs = nextDueMs(world)) {
      run("tick", {});
    }
  }

  const model: Model = {
    world,
    records,
    run,
    settle,
    get nowMs() {
      return nowMs;
    },
    advance: (delayMs) => {
      const endMs = nowMs + delayMs;
      settle();
      for (let dueMs = nextDueMs(world); dueMs !== undefined && dueMs <= endMs; dueMs = nextDueMs(world)) {
        nowMs = dueMs;
        settle();
      }
      nowMs = endMs;
    },
    stop: (delayMs) => {
      nowMs += delayMs;
    },
    takeNotices: () => {
      const taken = notices;
      notices = [];
      return taken;
    },
  };
  return model;
}

export function thingArn(thingName: string): string {
  return `arn:aws:iot:us-east-1:000000000000:thing/${thingName}`;
}

export function groupArn(thingGroupName: string): string {
  return `arn:aws:iot:us-east-1:000000000000:thinggroup/${thingGroupName}`;
}

export function addThings(model: Model, ...thingNames: string[]): void {
  for (const thingName of thingNames) model.run("createThing", { thingName, attributes: {} });
}

/** A group with these things in it. */
export function addGroup(model: Model, thingGroupName: string, thingNames: string[], parent?: string): void {
  model.run("createThingGroup", { thingGroupName, attributes: {}, parent });
  for (const thingName of thingNames) model.run("addThingToGroup", { thingName, thingGroupName });
}

/** Creates the job and the executions that are due at once. */
export function addJob(
  model: Model,
  jobId: string,
  targets: string[],
  options: Partial<CommandInput<"createJob">> = {},
): void {
  model.run("createJob", {
    jobId,
    targets,
    document: `{"job":"${jobId}"}`,
    targetSelection: "SNAPSHOT",
    config: {},
    tags: {},
    ...options,
  });
  model.settle();
}

export function jobOf(model: Model, jobId: string): Job {
  const job = model.world.jobs.get(jobId);
  if (job === undefined) throw new Error(`there is no job ${jobId}`);
  return job;
}

/** The last execution of the job on the thing. */
export function executionOf(model: Model, jobId: string, thingName: string): Execution {
  const execution = jobOf(model, jobId).executions.get(thingName)?.at(-1);
  if (execution === undefined) throw new Error(`there is no execution of ${jobId} on ${thingName}`);
  return execution;
}

/** `<thing>: <statuses of its executions, the oldest first>`. */
export function statusesOf(model: Model, jobId: string): Record<string, string> {
  return Object.fromEntries(
    [...jobOf(model, jobId).executions].map(([thingName, executions]) => [
      thingName,
      executions.map(({ status }) => status).join(" "),
    ]),
  );
}
