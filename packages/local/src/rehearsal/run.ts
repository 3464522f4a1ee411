import { isTerminal } from "@fota/shared";
import { type CommandInput, type CommandName, type CommandOutput, runCommand } from "../engine/commands.js";
import { randomFrom } from "../engine/random.js";
import { nextDueMs } from "../jobs/due-work.js";
import { noExecutions } from "../jobs/execution-changes.js";
import { forgetExecution } from "../jobs/execution-lists.js";
import { findExecution } from "../jobs/executions.js";
import type { Execution, Job } from "../jobs/job.js";
import { existingJob } from "../jobs/jobs.js";
import { startCommand, type World } from "../jobs/world.js";
import { createDevices, type Devices } from "./devices.js";
import { createFleetWorld, deviceOfName, FLEET_ARN } from "./fleet-world.js";
import type { CheckedInput } from "./input.js";
import type { RehearsalAbort, RehearsalRun } from "./result.js";
import { Timeline } from "./timeline.js";
import { WakeQueue } from "./wake-queue.js";

/** A request of a device. */
export type DeviceRequest =
  | { command: "startNextExecution"; thingName: string }
  | { command: "updateExecution"; thingName: string; status: ReportedStatus };

type ReportedStatus = "SUCCEEDED" | "FAILED" | "REJECTED";

export interface RunObserver {
  /** Gets each request of a device after it has run. */
  onRequest?: (nowMs: number, request: DeviceRequest, job: Readonly<Job>) => void;
  /** Gets the executions of a device when the last of them has ended, and at the end of the run those that have not. */
  onExecutions?: (executions: readonly Readonly<Execution>[]) => void;
  /** Called after each step; true ends the run. */
  onStep?: (counts: Readonly<Job["counts"]>, devicesThatRanImage: number) => boolean;
}

const JOB_ID = "rehearsal";
/** What a device does at the end of an attempt. */
const VERDICTS = ["SUCCEEDED", "FAILED", "REJECTED", "reportLost"] as const;
type Verdict = (typeof VERDICTS)[number];

/** The phase in which an attempt ended, as the agent reports it. */
const EARLY = { phase: "downloading" };
const TRIED = { phase: "trial" };

/** What a device has of the new image. With it stored, a further attempt downloads nothing. */
const NOTHING = 0;
const STORED = 1;
const REVERTED = 2;
const RUNNING = 3;
const HUNG = 4;

/**
 * Runs the job on the stand-in's own model of jobs, in virtual time from event to event. The same arguments give the
 * same result. A device that has started an attempt stays online until the attempt ends.
 *
 * @throws {AwsError} InvalidRequest for a schedule that CreateJob refuses
 */
export function runRehearsal(input: CheckedInput, seed: number, observer: RunObserver = {}): RehearsalRun {
  return new Run(input, seed, observer).finish();
}

class Run {
  readonly #input: CheckedInput;
  readonly #seed: number;
  readonly #observer: RunObserver;
  readonly #world: World;
  /** By device number. */
  readonly #names: readonly string[];
  readonly #devices: Devices;
  readonly #queue: WakeQueue;
  readonly #images: Uint8Array;
  /** Index in VERDICTS, for each device whose next step is a report. */
  readonly #verdicts: Uint8Array;
  /** The execution number of each device's last attempt. */
  readonly #attempts: Uint8Array;
  readonly #timeline: Timeline;
  readonly #random = randomFrom("");
  #nowMs: number;
  #devicesThatRanImage = 0;
  #downloadedBytes = 0;
  #devicesNeverOnline = 0;
  #expiredUrls = 0;
  #longestAttemptMs = 0;
  #abort: RehearsalAbort | undefined;

  constructor(input: CheckedInput, seed: number, observer: RunObserver) {
    const { startMs, population } = input;
    this.#input = input;
    this.#seed = seed;
    this.#observer = observer;
    this.#nowMs = startMs;
    const { world, names } = createFleetWorld(population.size, startMs);
    this.#world = world;
    this.#names = names;
    this.#devices = createDevices(population, seed);
    this.#queue = new WakeQueue(population.size);
    this.#images = new Uint8Array(population.size);
    this.#verdicts = new Uint8Array(population.size);
    this.#attempts = new Uint8Array(population.size);
    this.#timeline = new Timeline(startMs, noExecutions());
  }

  finish(): RehearsalRun {
    const { startMs, horizonMs, targetSelection, config, schedulingConfig } = this.#input;
    const createJob = { jobId: JOB_ID, targets: [FLEET_ARN], document: "{}", tags: {} };
    this.#run("createJob", { ...createJob, targetSelection, config, schedulingConfig });
    const job = existingJob(this.#world, JOB_ID);
    while (!isOver(job)) {
      const tickMs = nextDueMs(this.#world) ?? Number.POSITIVE_INFINITY;
      const nextMs = Math.max(this.#nowMs, Math.min(tickMs, this.#queue.nextMs));
      if (nextMs > startMs + horizonMs) break;
      this.#nowMs = nextMs;
      if (tickMs <= nextMs) this.#run("tick", {});
      else this.#wakeDevice();
      if (this.#abort === undefined && job.reasonCode === "ABORT_CRITERIA_MET") this.#noteAbort(job);
      if (this.#observer.onStep?.(job.counts, this.#devicesThatRanImage) === true) break;
    }
    for (const executions of job.executions.values()) this.#observer.onExecutions?.(executions);
    return {
      seed: this.#seed,
      result: resultOf(job, this.#abort),
      ...(isOver(job) && { endedAfterMs: this.#nowMs - startMs }),
      ...(this.#abort !== undefined && { abort: this.#abort }),
      devicesThatRanImage: this.#devicesThatRanImage,
      downloadedBytes: this.#downloadedBytes,
      expiredUrls: this.#expiredUrls,
      devicesNeverOnline: this.#devicesNeverOnline,
      longestAttemptMs: this.#longestAttemptMs,
      counts: { ...job.counts },
      timeline: this.#timeline.end(),
    };
  }

  #noteAbort({ comment = "", counts }: Job): void {
    this.#abort = {
      afterMs: this.#nowMs - this.#input.startMs,
      comment,
      devicesThatRanImage: this.#devicesThatRanImage,
      inProgress: counts.IN_PROGRESS,
    };
  }

  #run<N extends CommandName>(command: N, input: CommandInput<N>): CommandOutput<N> {
    const context = startCommand(this.#world, { nowMs: this.#nowMs, random: this.#random });
    const output = runCommand(context, command, input);
    const job = this.#world.jobs.get(JOB_ID);
    if (context.before.size > 0 && job !== undefined) this.#timeline.note(this.#nowMs, job.counts);
    // AWS notifies the things whose queue changed; `before` has them.
    for (const thingName of context.before.keys()) {
      this.#forgetEnded(thingName);
      this.#notify(deviceOfName(thingName));
    }
    return output;
  }

  /**
   * Removes an execution that has ended from the world: the counts of the job have it, and nothing asks for it again.
   * So the memory depends on how many executions are pending.
   */
  #forgetEnded(thingName: string): void {
    const job = this.#world.jobs.get(JOB_ID);
    const executions = job?.executions.get(thingName);
    const last = executions?.at(-1);
    if (job === undefined || executions === undefined || last === undefined || !isTerminal(last.status))
      return;
    this.#observer.onExecutions?.(executions);
    for (const execution of executions) forgetExecution(this.#world, job, execution);
  }

  /** Lets an idle device start if it can see a queued execution. */
  #notify(device: number): void {
    if (this.#queue.has(device) || this.#images[device] === HUNG) return;
    const job = this.#world.jobs.get(JOB_ID);
    const execution = this.#executionOf(device);
    if (job?.status !== "IN_PROGRESS" || execution?.status !== "QUEUED") return;
    const reactionMs = this.#devices.reactionMs(device, execution.executionNumber);
    const onlineMs = this.#devices.nextOnlineMs(device, this.#nowMs + reactionMs);
    if (onlineMs === undefined) this.#devicesNeverOnline += 1;
    else this.#queue.add(device, onlineMs, "start");
  }

  #wakeDevice(): void {
    const { device, wake } = this.#queue.take();
    if (wake === "start") this.#start(device);
    else if (wake === "downloaded") this.#startTrial(device);
    else this.#report(device);
    this.#notify(device); // A new execution may have arrived while the device was busy.
  }

  #start(device: number): void {
    const thingName = this.#nameOf(device);
    const started = this.#run("startNextExecution", { thingName });
    this.#observed({ command: "startNextExecution", thingName });
    if (started === undefined) return; // Canceled, or hidden until the next maintenance window.
    const attempt = started.execution.executionNumber;
    this.#attempts[device] = attempt;
    if (this.#images[device] === RUNNING) {
      const verdict = this.#devices.losesReport(device, attempt) ? "reportLost" : "SUCCEEDED";
      this.#reportAfter(device, 0, verdict);
    } else if (this.#devices.refuses(device)) {
      this.#reportAfter(device, 0, "REJECTED");
    } else if (this.#images[device] === NOTHING && this.#urlHasExpired()) {
      this.#expiredUrls += 1;
      this.#reportAfter(device, 0, "FAILED");
    } else {
      const downloadMs = this.#devices.downloadMs(device, this.#bytesToDownload(device));
      this.#queue.add(device, this.#nowMs + downloadMs, "downloaded");
    }
  }

  #urlHasExpired(): boolean {
    const { startMs, urlLifetimeMs } = this.#input;
    return this.#nowMs >= startMs + urlLifetimeMs;
  }

  /** Returns the bytes of the device's attempt. A failed download ends anywhere. */
  #bytesToDownload(device: number): number {
    if (this.#images[device] !== NOTHING) return 0;
    return Math.floor(this.#input.imageBytes * this.#devices.downloadedPart(device, this.#attemptOf(device)));
  }

  /** Ends a download. The device asks once more before the trial: an image does not run if its execution has ended. */
  #startTrial(device: number): void {
    const attempt = this.#attemptOf(device);
    this.#downloadedBytes += this.#bytesToDownload(device);
    if (this.#images[device] === NOTHING) {
      if (this.#devices.downloadedPart(device, attempt) < 1) {
        this.#reportAfter(device, 0, "FAILED");
        return;
      }
      this.#images[device] = STORED;
    }
    if (!this.#isInProgress(device)) return;
    if (this.#images[device] === STORED) this.#devicesThatRanImage += 1;
    const outcome = this.#devices.trialOutcome(device, attempt);
    this.#images[device] = outcome === "hung" ? HUNG : REVERTED;
    if (outcome !== "hung") this.#reportAfter(device, this.#devices.trialMs(device), outcome);
  }

  #reportAfter(device: number, delayMs: number, verdict: Verdict): void {
    this.#verdicts[device] = VERDICTS.indexOf(verdict);
    this.#queue.add(device, this.#nowMs + delayMs, "report");
  }

  /** Ends an attempt. AWS refuses a report for an execution that has ended, such as one that timed out. */
  #report(device: number): void {
    const status = VERDICTS[this.#verdicts[device] as number] as Verdict;
    if (status === "SUCCEEDED" || status === "reportLost") this.#images[device] = RUNNING;
    if (status === "reportLost" || !this.#isInProgress(device)) return;
    const { startedAtMs = this.#nowMs } = this.#executionOf(device) ?? {};
    this.#longestAttemptMs = Math.max(this.#longestAttemptMs, this.#nowMs - startedAtMs);
    const thingName = this.#nameOf(device);
    const statusDetails = this.#images[device] === NOTHING ? EARLY : TRIED;
    this.#run("updateExecution", { thingName, jobId: JOB_ID, status, statusDetails });
    this.#observed({ command: "updateExecution", thingName, status });
  }

  /** Returns whether the execution of the device's last attempt is still in progress. */
  #isInProgress(device: number): boolean {
    const execution = this.#executionOf(device);
    return execution?.status === "IN_PROGRESS" && execution.executionNumber === this.#attemptOf(device);
  }

  #executionOf(device: number): Execution | undefined {
    return findExecution(this.#world, { jobId: JOB_ID, thingName: this.#nameOf(device) });
  }

  #nameOf(device: number): string {
    return this.#names[device] as string;
  }

  #attemptOf(device: number): number {
    return this.#attempts[device] ?? 0;
  }

  #observed(request: DeviceRequest): void {
    this.#observer.onRequest?.(this.#nowMs, request, existingJob(this.#world, JOB_ID));
  }
}

/** Returns whether the job has no pending executions and creates no more. */
function isOver({ rollout, counts }: Job): boolean {
  return rollout === undefined && counts.QUEUED + counts.IN_PROGRESS === 0;
}

function resultOf(job: Job, abort: RehearsalAbort | undefined): RehearsalRun["result"] {
  if (abort !== undefined) return "aborted";
  if (job.status === "CANCELED") return "canceled";
  return isOver(job) ? "completed" : "unfinished";
}
