import type { PackageWorld } from "../packages/package.js";
import type { TimeAndRandom } from "../registry/context.js";
import type { SearchWorld } from "../search/indexing.js";
import type { ShadowContext } from "../shadows/shadow.js";
import { WatchedMap } from "../state/watched-map.js";
import type { Execution, ExecutionTimer, Job, JobTemplate, PendingQueue } from "./job.js";

/**
 * The whole state of the model: the registry, the shadows, the index, the software packages, and the jobs. Plain data.
 * Maps that may become large are `WatchedMap`s, so that a snapshot is written while commands run. Entries of `timers` are
 * never changed in place.
 */
export interface World extends SearchWorld, PackageWorld {
  jobs: ReadonlyMap<string, Job>;
  templates: ReadonlyMap<string, JobTemplate>;
  /** The pending queue of each thing, by thing name; outlives the thing. State files call it `agendas`. */
  agendas: Map<string, PendingQueue>;
  /** Ids of the jobs that a later tick must look at: those with `wakeAtMs`. */
  waking: Set<string>;
  /** Ids of jobs in DELETION_IN_PROGRESS. */
  deletions: Set<string>;
  /** Binary heap, the earliest first; see timers.ts. */
  timers: ExecutionTimer[];
  /** The work with which the next tick begins, because the one before had no steps left for it. */
  nextWork?: string | undefined;
}

/** A running command: the world that it changes, and what it leaves for `applyConsequences` and the notifications. */
export interface CommandContext extends ShadowContext {
  world: World;
  /** What each affected thing saw of its queue before the command, by thing name. */
  before: Map<string, QueueBefore>;
  /** Executions that have reached a terminal state, until `applyConsequences` has handled them. */
  ended: Execution[];
  /** Ids of the jobs whose executions or rollout have changed, until `applyConsequences` has handled them. */
  changedJobs: Set<string>;
  /** In order; only the enabled event types are published. */
  events: (JobEvent | JobExecutionEvent)[];
}

export interface JobEvent {
  eventType: "JOB";
  operation: "completed" | "canceled" | "deleted" | "cancellation_in_progress" | "deletion_in_progress";
  job: Job;
}

export interface JobExecutionEvent {
  eventType: "JOB_EXECUTION";
  operation: "succeeded" | "failed" | "rejected" | "canceled" | "timed_out" | "removed" | "deleted";
  execution: Execution;
}

export function startCommand(
  world: World,
  { nowMs, random }: TimeAndRandom,
  sliceSize = Number.POSITIVE_INFINITY,
): CommandContext {
  return {
    world,
    nowMs,
    random,
    sliceSize,
    stepsDone: 0,
    groupsBefore: new Map(),
    changedThings: new Map(),
    messages: [],
    before: new Map(),
    ended: [],
    changedJobs: new Set(),
    events: [],
  };
}

/** What a device saw of its queue before the command, as far as the command may change it. */
export interface QueueBefore {
  /** Sequence number of `$next`; `undefined` if nothing was pending. */
  next: number | undefined;
  /** Whether the device saw each of the executions that the command may have added, changed, hidden or shown. */
  wasVisible: Map<Readonly<Execution>, boolean>;
}

export function createWorld(region: string): World {
  return {
    region,
    sequence: 0,
    things: new WatchedMap(),
    groups: new WatchedMap(),
    jobs: new WatchedMap(),
    templates: new WatchedMap(),
    agendas: new WatchedMap(),
    waking: new Set(),
    deletions: new Set(),
    timers: [],
    certificates: new WatchedMap(),
    policies: new WatchedMap(),
    thingTypes: new WatchedMap(),
    dynamicGroups: new Set(),
    eventConfigurations: new Set(),
    connectivityIndexed: false,
  };
}
