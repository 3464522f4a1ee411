import type { Moment, RegistryContext } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import type { Execution, ExecutionTimer, Job, JobTemplate, PendingQueue } from "./job.js";

/** Everything the stand-in knows: the registry, and the jobs on its things. Plain data like it. */
export interface World extends Registry {
  jobs: Map<string, Job>;
  templates: Map<string, JobTemplate>;
  /** The pending queue of each thing, and the jobs it ever had: by thing name, outlives the thing. */
  agendas: Map<string, PendingQueue>;
  /** Ids of the jobs for which time has something to do: those with `wakeAtMs`. */
  waking: Set<string>;
  /** Ids of jobs in DELETION_IN_PROGRESS. */
  deletions: Set<string>;
  /** Binary heap, the earliest first; see timers.ts. */
  timers: ExecutionTimer[];
}

/** A running command: the world it changes, and what `applyConsequences` and the notices work out when it is done. */
export interface CommandContext extends RegistryContext {
  world: World;
  /** What each thing that the command touched saw of its queue before it. */
  before: Map<string, PendingView>;
  /** Executions that have reached a terminal state, until `applyConsequences` has worked out what follows. */
  ended: Execution[];
  /** Ids of the jobs whose executions or rollout have changed, until `applyConsequences` has handled them. */
  changedJobs: Set<string>;
  /** In order; those that are not enabled are not published. */
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

export function startCommand(world: World, moment: Moment): CommandContext {
  return {
    world,
    ...moment,
    groupsBefore: new Map(),
    before: new Map(),
    ended: [],
    changedJobs: new Set(),
    events: [],
  };
}

/** The executions that a thing sees, by their sequence numbers, `$next` first. */
export type PendingView = readonly number[];

export function createWorld(region: string): World {
  return {
    region,
    sequence: 0,
    things: new Map(),
    groups: new Map(),
    jobs: new Map(),
    templates: new Map(),
    agendas: new Map(),
    waking: new Set(),
    deletions: new Set(),
    timers: [],
    certificates: new Map(),
    policies: new Map(),
    thingTypes: new Map(),
    dynamicGroups: new Set(),
    eventConfigurations: new Set(),
    connectivityIndexed: false,
  };
}
