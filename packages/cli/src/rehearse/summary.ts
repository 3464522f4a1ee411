import type {
  Percentiles,
  Rehearsal,
  RehearsalInput,
  RehearsalRun,
  Suggestion,
  TimelinePoint,
} from "@fota/local";
import type { ExecutionCounts } from "../aws/jobs.js";
import type { Prices } from "../settings/config-schema.js";
import type { KnownFleet } from "./fleet-of.js";
import { overTimeOf } from "./over-time.js";
import type { RehearsalResult } from "./result.js";
import { suggestionResult } from "./suggested-flags.js";

const GIB = 1024 ** 3;

/** Holds the input of a rehearsal, and where the number of its things comes from. */
export interface Rehearsed {
  input: RehearsalInput;
  thingsFrom: RehearsalResult["thingsFrom"];
  /** Path given with `--fleet`. */
  fleetFile: string | undefined;
  learned: KnownFleet["learned"];
  /** Path given with `--html`. */
  htmlPath: string | undefined;
}

/**
 * Returns what `--json` prints. JSON has no infinity: a time that never comes is null.
 * @param found a suggestion, or the reason why there is none
 */
export function rehearsalResult(
  { input, thingsFrom, fleetFile, learned, htmlPath }: Rehearsed,
  rehearsal: Rehearsal,
  prices: Prices | undefined,
  found: Suggestion | string,
): RehearsalResult {
  const { population, imageBytes, urlLifetimeMs, startMs, job } = input;
  const typical = typicalRun(rehearsal.runs);
  const { abort } = rehearsal;
  return {
    things: population.size,
    thingsFrom,
    fleetFile: fleetFile ?? null,
    learned: learned === undefined ? null : learnedResult(learned),
    groups: population.groups.map((group) => ({ ...group }) as RehearsalResult["groups"][number]),
    imageBytes,
    job: { ...job },
    urlLifetimeSeconds: urlLifetimeMs === undefined ? null : seconds(urlLifetimeMs),
    startsAt: new Date(startMs).toISOString(),
    endedAfterSeconds: mapPercentiles(rehearsal.endedAfterMs, secondsOrNull),
    downloadedBytes: { ...rehearsal.downloadedBytes },
    devicesThatRanImage: { ...rehearsal.devicesThatRanImage },
    abortedRuns: rehearsal.abortedRuns,
    abort:
      abort === undefined
        ? null
        : {
            afterSeconds: mapPercentiles(abort.afterMs, seconds),
            devicesThatRanImage: { ...abort.devicesThatRanImage },
          },
    cost: costOf(typical, prices),
    typicalSeed: typical.seed,
    timeline: typical.timeline.map(({ afterMs, counts }) => ({
      afterSeconds: seconds(afterMs),
      counts: countsOf(counts),
    })),
    overTime: overTimeOf(rehearsal.runs),
    htmlPath: htmlPath ?? null,
    suggestion: typeof found === "string" ? null : suggestionResult(found, secondsOrNull),
    noSuggestion: typeof found === "string" ? found : null,
    runs: rehearsal.runs.map(runResult),
  };
}

function learnedResult({
  jobIds,
  devices,
  executions,
  warnings,
  savedAs,
}: NonNullable<Rehearsed["learned"]>) {
  return { jobIds, devices, executions, warnings, savedAs: savedAs ?? null };
}

/** Returns the run in the middle, by the time of its end; runs that do not end come last. */
function typicalRun(runs: readonly RehearsalRun[]): RehearsalRun {
  const endOf = ({ endedAfterMs = Number.MAX_VALUE }: RehearsalRun) => endedAfterMs;
  const sorted = [...runs].sort((a, b) => endOf(a) - endOf(b));
  return sorted[Math.ceil(sorted.length / 2) - 1] as RehearsalRun;
}

function runResult(run: RehearsalRun): RehearsalResult["runs"][number] {
  const { abort } = run;
  return {
    seed: run.seed,
    result: run.result,
    endedAfterSeconds: secondsOrNull(run.endedAfterMs ?? Number.POSITIVE_INFINITY),
    abort:
      abort === undefined
        ? null
        : {
            afterSeconds: seconds(abort.afterMs),
            rule: abort.comment,
            devicesThatRanImage: abort.devicesThatRanImage,
            inProgress: abort.inProgress,
          },
    devicesThatRanImage: run.devicesThatRanImage,
    downloadedBytes: run.downloadedBytes,
    expiredUrls: run.expiredUrls,
    counts: countsOf(run.counts),
  };
}

function costOf(
  { counts, downloadedBytes }: RehearsalRun,
  { currency, perJobAction, perGibTransferred }: Prices = {},
): RehearsalResult["cost"] {
  const jobActions = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const isPriced = perJobAction !== undefined || perGibTransferred !== undefined;
  return {
    jobActions,
    transferBytes: downloadedBytes,
    currency: isPriced ? (currency ?? "USD") : null,
    jobActionsPrice: perJobAction === undefined ? null : jobActions * perJobAction,
    transferPrice: perGibTransferred === undefined ? null : (downloadedBytes / GIB) * perGibTransferred,
  };
}

function countsOf(counts: TimelinePoint["counts"]): ExecutionCounts {
  return {
    queued: counts.QUEUED,
    inProgress: counts.IN_PROGRESS,
    succeeded: counts.SUCCEEDED,
    failed: counts.FAILED,
    timedOut: counts.TIMED_OUT,
    rejected: counts.REJECTED,
    removed: counts.REMOVED,
    canceled: counts.CANCELED,
  };
}

function mapPercentiles<T>({ p50, p90, p99 }: Percentiles, map: (value: number) => T) {
  return { p50: map(p50), p90: map(p90), p99: map(p99) };
}

function seconds(ms: number): number {
  return ms / 1000;
}

function secondsOrNull(ms: number): number | null {
  return Number.isFinite(ms) ? seconds(ms) : null;
}
