import { given } from "../given.js";
import { type Attempts, attemptsByThing, durationsOf, lastStartsOf } from "./attempts.js";
import { estimateSpeeds, quantile } from "./durations.js";
import type { FleetFile } from "./fleet-schema.js";
import { learnOnline } from "./learn-online.js";
import { roundShare } from "./numbers.js";
import type { ObservedExecution, ObservedJob } from "./observed.js";
import { countEnds, type Outcome, outcomeOf } from "./outcomes.js";

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

/** With fewer devices, a share of 1 % is chance. */
const FEW_DEVICES = 100;

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
  const lastStarts = lastStartsOf(jobs);
  const warnings = new Set<string>();
  const groups = [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attempts]) => learnGroup(name, attempts, lastStarts, (text) => warnings.add(text)));
  return {
    groups: groups.filter((group) => group !== undefined),
    devices: new Set(jobs.flatMap(({ executions }) => executions.map(({ thing }) => thing))).size,
    executions: jobs.reduce((sum, { executions }) => sum + executions.length, 0),
    warnings: [...warnings],
  };
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
    count === 0 ? undefined : roundShare(count / Math.max(count, all));
  const accepted = started.length - countEnds(started, "rejected");
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
      rejectionShare: shareOf(countEnds(started, "rejected"), started.length),
      downloadFailureShare: shareOf(
        sum(({ failedDownloads }) => failedDownloads),
        sum(({ downloads }) => downloads),
      ),
      // Shares of all devices: those whose downloads failed say nothing of the trial.
      trialFailureShare: scaled(
        shareOf(countEnds(downloaded, "trialFailed"), downloaded.length),
        accepted / started.length,
      ),
      hangShare: scaled(shareOf(countEnds(downloaded, "hung"), downloaded.length), accepted / started.length),
      reportLossShare: shareOf(
        sum(({ lostReports }) => lostReports),
        sum(({ successes }) => successes),
      ),
    }),
  };
}

function scaled(share: number | undefined, by: number): number | undefined {
  return share === undefined ? undefined : roundShare(share * by);
}
