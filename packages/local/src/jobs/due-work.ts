import { groupDeletion } from "../registry/group-deletion.js";
import type { Steps } from "../registry/steps.js";
import { groupRefresh } from "../search/dynamic-membership.js";
import { applyConsequences } from "./consequences.js";
import { expiry } from "./expiry.js";
import type { Job } from "./job.js";
import { setJobStatus, visibilitySteps } from "./job-status.js";
import { cancelOpenJob, existingJob, isOpen, scheduleWake } from "./jobs.js";
import { rollOut } from "./rollout.js";
import { scheduleAt } from "./schedule.js";
import { cancellation, deletion } from "./sweeps.js";
import { hasDueTimer } from "./timers.js";
import { dueJobs, firstWakeMs } from "./wakes.js";
import type { CommandContext, World } from "./world.js";

/** A kind of work that waits for its time, or that is too large for the command that it comes from. */
interface WorkKind {
  /** When the first of it is due, in the past if it is overdue; `undefined` if there is none. */
  dueMs(world: World): number | undefined;
  /** The names of what is due. */
  due(world: World, nowMs: number): readonly string[];
  /** Does what is due, or nothing if other work has done it meanwhile. */
  steps(context: CommandContext, name: string): Steps;
  /** Whether it has to wait for the timers that are due. */
  waitsForTimers?(world: World, name: string): boolean;
}

/** What only ticks do, in the order in which they do it. Work that may be large belongs here. */
const WORK_KINDS = {
  jobDeletion: {
    dueMs: ({ deletions }) => dueIfAny(deletions),
    due: ({ deletions }) => [...deletions],
    steps: (context, jobId) => deletion(context, existingJob(context.world, jobId)),
  },
  groupDeletion: {
    dueMs: ({ groupDeletions }) => dueIfAny(groupDeletions),
    due: ({ groupDeletions = [] }) => [...groupDeletions],
    steps: (context, name) => withConsequences(context, groupDeletion(context, name)),
  },
  groupRefresh: {
    dueMs: ({ groupRefreshes }) => dueIfAny(groupRefreshes),
    due: ({ groupRefreshes = new Map() }) => [...groupRefreshes.keys()],
    steps: (context, name) => withConsequences(context, groupRefresh(context, name)),
  },
  expiry: {
    dueMs: ({ timers }) => timers[0]?.dueMs,
    due: (world, nowMs) => (hasDueTimer(world, nowMs) ? [""] : []),
    steps: expiry,
  },
  job: {
    dueMs: firstWakeMs,
    due: dueJobs,
    steps: jobSteps,
    // What has timed out may abort a job, which then rolls out no further.
    waitsForTimers: ({ jobs }, jobId) => jobs.get(jobId)?.sweep === undefined,
  },
} satisfies Record<string, WorkKind>;

type WorkKindName = keyof typeof WORK_KINDS;

const KINDS = Object.entries(WORK_KINDS) as [WorkKindName, WorkKind][];

function dueIfAny(work: { size: number } | undefined): number | undefined {
  return work !== undefined && work.size > 0 ? 0 : undefined;
}

/** Returns when the first work is due, in the past if it is overdue; `undefined` if nothing depends on time. */
export function nextDueMs(world: World): number | undefined {
  let firstMs: number | undefined;
  for (const [, kind] of KINDS) {
    const dueMs = kind.dueMs(world);
    if (dueMs !== undefined && (firstMs === undefined || dueMs < firstMs)) firstMs = dueMs;
  }
  return firstMs;
}

/** Work that is due. */
export interface DueWork {
  /** Unique among all work. */
  id: string;
  kindName: WorkKindName;
  kind: WorkKind;
  name: string;
}

/** Returns all work that is due. */
export function dueWork(world: World, nowMs: number): DueWork[] {
  return KINDS.flatMap(([kindName, kind]) =>
    kind.due(world, nowMs).map((name) => ({ id: `${kindName} ${name}`, kindName, kind, name })),
  );
}

/** Applies the consequences of each step after it: a thing that leaves a group may leave many jobs. */
function* withConsequences(context: CommandContext, steps: Steps): Steps {
  for (const _ of steps) {
    applyConsequences(context);
    yield;
  }
}

function* jobSteps(context: CommandContext, jobId: string): Steps {
  const { world, nowMs } = context;
  const job = world.jobs.get(jobId);
  if (job?.wakeAtMs === undefined || job.wakeAtMs > nowMs) return;
  try {
    if (isOpen(job)) {
      if (job.visibilityChange !== undefined) yield* visibilitySteps(context, job);
      followSchedule(context, job);
      if (job.visibilityChange !== undefined) yield* visibilitySteps(context, job);
    }
    if (job.sweep !== undefined) yield* cancellation(context, job, job.sweep.things);
    else if (job.status === "IN_PROGRESS" && job.rollout !== undefined)
      yield* rollOut(context, job, job.rollout);
  } finally {
    scheduleWake(context, job);
  }
}

/** Ends, opens or closes a job by its schedule. CANCEL and FORCE_CANCEL act as CancelJob; AWS does not document it. */
function followSchedule(context: CommandContext, job: Job): void {
  const { open, ended } = scheduleAt(job.schedulingConfig, context.nowMs);
  const { endBehavior = "STOP_ROLLOUT" } = job.schedulingConfig ?? {};
  if (ended && endBehavior !== "STOP_ROLLOUT") {
    cancelOpenJob(context, job, { force: endBehavior === "FORCE_CANCEL" });
    return;
  }
  if (ended) job.rollout = undefined;
  if (ended) context.changedJobs.add(job.jobId);
  const status = open ? "IN_PROGRESS" : "SCHEDULED";
  if (job.status !== status) setJobStatus(context, job, status);
}
