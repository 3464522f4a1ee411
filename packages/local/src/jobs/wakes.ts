import { SortedList } from "../listing/sorted-list.js";
import type { Job } from "./job.js";
import type { World } from "./world.js";

/** A job of `world.waking`. */
interface Wake {
  jobId: string;
  atMs: number;
  /** Place among the jobs of `world.waking`. */
  place: number;
}

/**
 * The jobs of `world.waking` by time, so that neither the next one nor those that are due are searched for among all.
 * Derived, so not in the state that is stored: made when it is first asked for, and then changed by `setWake`.
 */
class Wakes {
  readonly #byTime = new SortedList<Wake>((a, b) => a.atMs - b.atMs || a.place - b.place);
  readonly #byJob = new Map<string, Wake>();
  #lastPlace = 0;

  constructor({ waking, jobs }: World) {
    for (const jobId of waking) this.set(jobId, jobs.get(jobId)?.wakeAtMs ?? 0);
  }

  set(jobId: string, atMs: number | undefined): void {
    const before = this.#byJob.get(jobId);
    if (before?.atMs === atMs) return;
    if (before !== undefined) this.#byTime.delete(before);
    if (atMs === undefined) {
      this.#byJob.delete(jobId);
      return;
    }
    if (before === undefined) this.#lastPlace += 1;
    const wake = { jobId, atMs, place: before?.place ?? this.#lastPlace };
    this.#byJob.set(jobId, wake);
    this.#byTime.add(wake);
  }

  get firstMs(): number | undefined {
    return this.#byTime.first?.atMs;
  }

  /** Returns the ids of the jobs that are due, in the order of `world.waking`. */
  due(nowMs: number): string[] {
    const due: Wake[] = [];
    for (const wake of this.#byTime) {
      if (wake.atMs > nowMs) break;
      due.push(wake);
    }
    return due.sort((a, b) => a.place - b.place).map(({ jobId }) => jobId);
  }
}

const wakesByWaking = new WeakMap<World["waking"], Wakes>();

function wakesOf(world: World): Wakes {
  const wakes = wakesByWaking.get(world.waking) ?? new Wakes(world);
  wakesByWaking.set(world.waking, wakes);
  return wakes;
}

/** Sets when the next tick must look at a job; `undefined` for never. All changes go through here. */
export function setWake(world: World, job: Job, atMs: number | undefined): void {
  if (job.wakeAtMs === atMs) return;
  job.wakeAtMs = atMs;
  if (atMs === undefined) world.waking.delete(job.jobId);
  else world.waking.add(job.jobId);
  wakesByWaking.get(world.waking)?.set(job.jobId, atMs);
}

/** Returns when the next job is due; `undefined` if no tick needs to look at any. */
export function firstWakeMs(world: World): number | undefined {
  return wakesOf(world).firstMs;
}

/**
 * Returns the ids of the jobs that a tick must look at now. Their order decides which execution is the older one of a
 * thing, so a journal of an earlier build needs the same as then: that of `world.waking`.
 */
export function dueJobs(world: World, nowMs: number): string[] {
  return wakesOf(world).due(nowMs);
}
