import { FotaError } from "@fota/shared";
import { AwsError } from "../errors.js";
import { checkInput, type RehearsalInput } from "./input.js";
import { type Percentiles, percentilesOf } from "./percentiles.js";
import type { RehearsalRun } from "./result.js";
import { runRehearsal } from "./run.js";

export interface RehearsalOptions {
  /** The first run has this seed, each further run the next number. @default 1 */
  seed?: number;
  /** Number of runs, 1 to 1,000. @default 1 */
  runs?: number;
}

export interface Rehearsal {
  runs: RehearsalRun[];
  /** Time until the last execution ended; `Infinity` if the run at that percentile did not finish. */
  endedAfterMs: Percentiles;
  downloadedBytes: Percentiles;
  devicesThatRanImage: Percentiles;
  /** Number of runs in which an abort rule fired. */
  abortedRuns: number;
  /** Over the runs in which an abort rule fired; absent if it fired in none. */
  abort?: {
    afterMs: Percentiles;
    /** Number of devices on which the new image had run when the rule fired. */
    devicesThatRanImage: Percentiles;
  };
}

const RUNS_MAX = 1000;

/**
 * Rehearses a rollout: runs the job on the stand-in's own model of AWS IoT Jobs, in virtual time, with devices that the
 * seed selects. Uses no network, no files and no clock. The same arguments give the same result.
 *
 * @throws {FotaError} CONFIG_INVALID for an invalid population or number, ROLLOUT_INVALID for a job that CreateJob
 *   refuses
 */
export function rehearse(input: RehearsalInput, options: RehearsalOptions = {}): Rehearsal {
  const { seed = 1, runs: count = 1 } = options;
  if (!Number.isSafeInteger(seed)) throw invalid(`seed must be a whole number, got ${seed}`);
  if (!Number.isInteger(count) || count < 1 || count > RUNS_MAX) {
    throw invalid(`runs must be a whole number from 1 to ${RUNS_MAX}, got ${count}`);
  }
  return summarizeRuns(runAll(input, seed, count));
}

/** Summarizes at least one run. A program that calls `rehearse` for each seed can stop in between, or show progress. */
export function summarizeRuns(runs: RehearsalRun[]): Rehearsal {
  const aborts = runs.flatMap(({ abort }) => abort ?? []);
  return {
    runs,
    endedAfterMs: percentilesOf(runs.map(({ endedAfterMs }) => endedAfterMs ?? Number.POSITIVE_INFINITY)),
    downloadedBytes: percentilesOf(runs.map((run) => run.downloadedBytes)),
    devicesThatRanImage: percentilesOf(runs.map((run) => run.devicesThatRanImage)),
    abortedRuns: aborts.length,
    ...(aborts.length > 0 && {
      abort: {
        afterMs: percentilesOf(aborts.map(({ afterMs }) => afterMs)),
        devicesThatRanImage: percentilesOf(aborts.map((abort) => abort.devicesThatRanImage)),
      },
    }),
  };
}

function runAll(input: RehearsalInput, seed: number, count: number): RehearsalRun[] {
  try {
    const checked = checkInput(input);
    return Array.from({ length: count }, (_, index) => runRehearsal(checked, seed + index));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new FotaError("ROLLOUT_INVALID", `AWS IoT would refuse this job: ${error.message}`, {
      cause: error,
    });
  }
}

function invalid(message: string): FotaError {
  return new FotaError("CONFIG_INVALID", `the ${message}`);
}
