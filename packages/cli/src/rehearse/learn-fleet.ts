import type { UpdatePhase } from "@fota/shared";
import { given } from "../given.js";
import { estimateSpeeds, quantile } from "./durations.js";
import type { FleetFile } from "./fleet-schema.js";
import type { ObservedExecution, ObservedJob } from "./observed.js";
import { estimateOnlineHours, type Wait } from "./online-hours.js";

type Group = FleetFile["groups"][number];

/** Holds a fleet that was learned from jobs, and what it is based on. */
export interface LearnedFleet {
  groups: Group[];
  devices: number;
  executions: number;
  warnings: string[];
}

/** Returns the group that a device was in when it got a job, such as its model and the version that it ran. */
export type GroupName = (job: ObservedJob, execution: ObservedExecution) => string;

/** A start within this time means that the device was online. */
const REACTION_MS = 60_000;
/** A device that waited for so long without a start counts as one that never comes online. */
const NEVER_MS = 3 * 86_400_000;
/** With fewer devices, a share of 1 % is chance. */
const FEW_DEVICES = 100;
/** A device that runs the image already reports after this part of a usual attempt at the latest. */
const QUICK_PART = 0.5;
const EARLY_PHASES: ReadonlySet<UpdatePhase | undefined> = new Set<UpdatePhase>([
  "starting",
  "downloading",
  "verifying",
  "installing",
]);

/** Estimates the devices of a rehearsal from the executions of jobs. */
export function learnFleet(jobs: readonly ObservedJob[], groupOf: GroupName): LearnedFleet {
  const byGroup = new Map<string, Attempts[]>();
  for (const job of jobs) {
    for (const executions of attemptsByThing(job).values()) {
      const [first] = executions;
      if (first === undefined) continue;
      const name = groupOf(job, first);
      const group = byGroup.get(name) ?? [];
      byGroup.set(name, group);
      group.push({ job, executions });
    }
  }
  const answered = thingsThatAnsweredLater(jobs);
  const warnings = new Set<string>();
  const groups = [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attempts]) => learnGroup(name, attempts, answered, (text) => warnings.add(text)));
  return {
    groups: groups.filter((group) => group !== undefined),
    devices: new Set(jobs.flatMap(({ executions }) => executions.map(({ thing }) => thing))).size,
    executions: jobs.reduce((sum, { executions }) => sum + executions.length, 0),
    warnings: [...warnings],
  };
}

/** The attempts of one job on one device, in order. */
interface Attempts {
  job: ObservedJob;
  executions: ObservedExecution[];
}

function attemptsByThing({ executions }: ObservedJob): Map<string, ObservedExecution[]> {
  const things = new Map<string, ObservedExecution[]>();
  for (const execution of [...executions].sort((a, b) => a.attempt - b.attempt)) {
    const earlier = things.get(execution.thing);
    if (earlier === undefined) things.set(execution.thing, [execution]);
    else earlier.push(execution);
  }
  return things;
}

/** Returns when each device last started an attempt: until then, it did not hang. */
function thingsThatAnsweredLater(jobs: readonly ObservedJob[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { executions } of jobs) {
    for (const { thing, startedMs } of executions) {
      if (startedMs !== undefined) last.set(thing, Math.max(startedMs, last.get(thing) ?? 0));
    }
  }
  return last;
}

function learnGroup(
  name: string,
  devices: readonly Attempts[],
  lastStarts: ReadonlyMap<string, number>,
  warn: (text: string) => void,
): Group | undefined {
  const speeds = estimateSpeeds(durationsOf(devices));
  if (speeds === undefined) {
    warn(`${name}: no update succeeded, so nothing tells its speed; it is left out`);
    return undefined;
  }
  if (speeds.isGuess) {
    warn(
      `${name}: all updates took the same time, so it counts as trial time; learn from an image of another size, too`,
    );
  }
  const things = new Set(devices.map(({ executions }) => executions[0]?.thing));
  if (things.size < FEW_DEVICES) {
    warn(`${name}: only ${things.size} devices, so small shares are chance`);
  }
  const usualMs =
    1000 *
    quantile(
      durationsOf(devices).flatMap(({ seconds }) => seconds),
      0.5,
    );
  const outcomes = devices.map((device) => outcomeOf(device, lastStarts, usualMs));
  const online = learnOnline(name, devices, warn);
  const started = outcomes.filter(({ started }) => started);
  const downloaded = started.filter(({ end }) => end !== "rejected" && end !== "notDownloaded");
  const sum = (pick: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const shareOf = (count: number, all: number) =>
    count === 0 ? undefined : round(count / Math.max(count, all));
  const accepted = started.length - count(started, "rejected");
  return {
    name,
    weight: things.size,
    linkSpeed: {
      medianBytesPerSecond: speeds.medianBytesPerSecond,
      ...(speeds.slowBytesPerSecond < speeds.medianBytesPerSecond && {
        slowBytesPerSecond: speeds.slowBytesPerSecond,
      }),
    },
    trialSeconds: speeds.trialSeconds,
    ...online,
    ...given({
      rejectionShare: shareOf(count(started, "rejected"), started.length),
      downloadFailureShare: shareOf(
        sum(({ failedDownloads }) => failedDownloads),
        sum(({ downloads }) => downloads),
      ),
      // Shares of all devices: those whose downloads failed say nothing of the trial.
      trialFailureShare: scaled(
        shareOf(count(downloaded, "trialFailed"), downloaded.length),
        accepted / started.length,
      ),
      hangShare: scaled(shareOf(count(downloaded, "hung"), downloaded.length), accepted / started.length),
      reportLossShare: shareOf(
        sum(({ lostReports }) => lostReports),
        sum(({ successes }) => successes),
      ),
    }),
  };
}

type End = "succeeded" | "rejected" | "trialFailed" | "hung" | "notDownloaded";

interface Outcome {
  started: boolean;
  end: End;
  downloads: number;
  failedDownloads: number;
  successes: number;
  lostReports: number;
}

/** Works out what the image did on one device. Where the executions leave it open, it assumes the worse. */
function outcomeOf(
  { executions }: Attempts,
  lastStarts: ReadonlyMap<string, number>,
  usualMs: number,
): Outcome {
  const outcome: Outcome = {
    started: false,
    end: "notDownloaded",
    downloads: 0,
    failedDownloads: 0,
    successes: 0,
    lostReports: 0,
  };
  let hasImage = false;
  for (const [index, execution] of executions.entries()) {
    const { status, startedMs, lastUpdatedMs, report } = execution;
    if (startedMs === undefined) continue;
    outcome.started = true;
    const next = executions[index + 1];
    if (status === "REJECTED") {
      outcome.end = "rejected";
      continue;
    }
    if (report?.reason === "url-refused") continue; // The URL had expired: the rehearsal knows that itself.
    if (!hasImage) outcome.downloads += 1;
    if (status === "FAILED" && EARLY_PHASES.has(report?.phase)) {
      outcome.failedDownloads += 1;
      continue;
    }
    hasImage = true;
    if (status === "FAILED") outcome.end = "trialFailed";
    else if (status === "SUCCEEDED") {
      outcome.end = "succeeded";
      outcome.successes += 1;
    } else if (status === "TIMED_OUT" || status === "IN_PROGRESS") {
      const answersAgain =
        next?.startedMs !== undefined || (lastStarts.get(execution.thing) ?? 0) > lastUpdatedMs;
      const isQuick =
        next?.status === "SUCCEEDED" &&
        next.startedMs !== undefined &&
        next.lastUpdatedMs - next.startedMs < QUICK_PART * usualMs;
      if (isQuick) {
        outcome.successes += 1;
        outcome.lostReports += 1;
      }
      if (!answersAgain) outcome.end = "hung";
    }
  }
  return outcome;
}

function durationsOf(devices: readonly Attempts[]) {
  const byJob = new Map<ObservedJob, number[]>();
  for (const { job, executions } of devices) {
    const [first] = executions;
    if (first?.status !== "SUCCEEDED" || first.startedMs === undefined) continue;
    const seconds = byJob.get(job) ?? [];
    byJob.set(job, seconds);
    seconds.push((first.lastUpdatedMs - first.startedMs) / 1000);
  }
  return [...byJob].map(([{ imageBytes }, seconds]) => ({ imageBytes, seconds }));
}

/** Returns the keys of a group that say when its devices are online, and how fast they react. */
function learnOnline(
  name: string,
  devices: readonly Attempts[],
  warn: (text: string) => void,
): Pick<Group, "onlineByHour" | "neverOnlineShare" | "reactionSeconds"> {
  const waits: Wait[] = [];
  let never = 0;
  let looked = 0;
  for (const { job, executions } of devices) {
    const [first] = executions;
    if (first === undefined) continue;
    if (job.hasWindows) {
      warn(`${name}: ${job.jobId} has maintenance windows, so it does not tell when devices are online`);
      continue;
    }
    const { queuedMs, startedMs } = first;
    const untilMs = startedMs ?? (first.status === "QUEUED" ? job.seenUntilMs : first.lastUpdatedMs);
    if (startedMs === undefined && untilMs - queuedMs < NEVER_MS) {
      if (untilMs - queuedMs > REACTION_MS) waits.push({ fromMs: queuedMs, untilMs, started: false });
      continue; // Canceled or removed before it could tell.
    }
    looked += 1;
    if (startedMs === undefined) never += 1;
    else waits.push({ fromMs: queuedMs, untilMs, started: true });
  }
  const online = estimateOnlineHours(waits, REACTION_MS);
  if (online !== undefined && online.unseenHours > 0) {
    warn(
      `${name}: no device was seen in ${online.unseenHours} hours of the day; they got the mean of the others`,
    );
  }
  const quick = waits.filter(({ fromMs, untilMs, started }) => started && untilMs - fromMs <= REACTION_MS);
  const meanMs = quick.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0) / quick.length;
  return given({
    onlineByHour: online?.onlineByHour,
    neverOnlineShare: never === 0 ? undefined : round(never / looked),
    reactionSeconds: quick.length === 0 ? undefined : Math.round(meanMs / 100) / 10,
  });
}

function count(outcomes: readonly Outcome[], end: End): number {
  return outcomes.filter((outcome) => outcome.end === end).length;
}

function scaled(share: number | undefined, by: number): number | undefined {
  return share === undefined ? undefined : round(share * by);
}

function round(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
