import { FotaError } from "@fota/shared";
import { readJobConfig, readSchedulingConfig } from "../jobs/config-fields.js";
import type { JobConfig, SchedulingConfig, TargetSelection } from "../jobs/job.js";
import { RATE_MAX } from "../jobs/rollout-rate.js";
import { checkPopulation, type Population } from "./population.js";

/** What `rehearse` needs: the job as CreateJob has it, the devices, and the image. */
export interface RehearsalInput {
  /** Time at which the job is created, in milliseconds since 1970. Schedules and hours of the day refer to it. */
  startMs: number;
  job: RehearsalJob;
  population: Population;
  /** Size of what a device downloads. */
  imageBytes: number;
  /**
   * How long the URL of the image works after the creation of the job. A download that begins later fails.
   * @default no limit, as where AWS IoT presigns a new URL for each request
   */
  urlLifetimeMs?: number;
  /**
   * How long a run lasts at most; executions that are pending then stay unfinished.
   * @default 30 days
   */
  horizonMs?: number;
}

/** The members of CreateJob that decide how a rollout goes, in AWS's spelling. */
export interface RehearsalJob extends JobConfig {
  /** @default "SNAPSHOT" */
  targetSelection?: TargetSelection;
  schedulingConfig?: SchedulingConfig;
}

const DEFAULT_HORIZON_MS = 30 * 24 * 3_600_000;

/** A checked input with its defaults. */
export interface CheckedInput {
  startMs: number;
  targetSelection: TargetSelection;
  config: JobConfig;
  schedulingConfig: SchedulingConfig | undefined;
  population: Population;
  imageBytes: number;
  /** `Infinity` without a limit. */
  urlLifetimeMs: number;
  horizonMs: number;
}

/** @throws {FotaError} CONFIG_INVALID; {AwsError} InvalidRequest for a configuration that CreateJob refuses */
export function checkInput(input: RehearsalInput): CheckedInput {
  const { targetSelection = "SNAPSHOT", schedulingConfig, ...members } = input.job;
  const { startMs, population, imageBytes, urlLifetimeMs, horizonMs = DEFAULT_HORIZON_MS } = input;
  checkPopulation(population);
  checkNumber("startMs", startMs);
  checkNumber("imageBytes", imageBytes);
  if (urlLifetimeMs !== undefined) checkNumber("urlLifetimeMs", urlLifetimeMs);
  checkNumber("horizonMs", horizonMs);
  const config = readJobConfig({ ...members });
  return {
    startMs,
    targetSelection,
    // Without a rate, AWS creates at most 1,000 executions per minute. The stand-in has no such limit.
    config: { jobExecutionsRolloutConfig: { maximumPerMinute: RATE_MAX }, ...config },
    schedulingConfig: readSchedulingConfig({ schedulingConfig }),
    population,
    imageBytes,
    urlLifetimeMs: urlLifetimeMs ?? Number.POSITIVE_INFINITY,
    horizonMs,
  };
}

function checkNumber(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new FotaError("CONFIG_INVALID", `${name} of a rehearsal must be a whole number from 0, got ${value}`);
}
