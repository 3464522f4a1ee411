import type { CreateJobRequest } from "@aws-sdk/client-iot";
import type { JobDocument } from "@fota/shared";
import { given } from "../given.js";
import type { JobSpec } from "./job-spec.js";
import type { Ramp, Rollout } from "./rollout.js";
import type { Schedule } from "./schedule.js";

/** Returns the parameters of CreateJob. */
export function jobRequestOf(
  spec: Pick<JobSpec, "continuous" | "presign" | "rollout" | "schedule" | "description" | "tags">,
  job: {
    jobId: string;
    targetArns: readonly string[];
    document: JobDocument;
    roleArn: string | undefined;
    packages: { arns: readonly string[] };
  },
): CreateJobRequest {
  const { presign, rollout, schedule, description } = spec;
  const { roleArn } = job;
  const tags = Object.entries(spec.tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    jobId: job.jobId,
    targets: [...job.targetArns],
    document: JSON.stringify(job.document),
    ...given({ description }),
    ...(spec.continuous && { targetSelection: "CONTINUOUS" }),
    ...(presign.by === "iot" &&
      roleArn !== undefined && {
        presignedUrlConfig: { roleArn, expiresInSec: presign.expiresInSeconds },
      }),
    ...rolloutConfigs(rollout),
    ...schedulingConfigOf(schedule),
    ...(job.packages.arns.length > 0 && { destinationPackageVersions: [...job.packages.arns] }),
    ...(tags.length > 0 && { tags }),
  };
}

/** Returns the members of CreateJob that limit the rollout. */
export function rolloutConfigs({ ratePerMinute, ramp, abortOn, timeoutMinutes, retries }: Rollout) {
  const configs: Omit<CreateJobRequest, "jobId" | "targets"> = {};
  if (ratePerMinute !== undefined || ramp !== undefined) {
    configs.jobExecutionsRolloutConfig = {
      ...given({ maximumPerMinute: ratePerMinute }),
      ...(ramp !== undefined && { exponentialRate: exponentialRateOf(ramp) }),
    };
  }
  if (abortOn.length > 0) {
    const criteriaList = abortOn.map(({ failure, percent, minThings }) => ({
      failureType: failure,
      action: "CANCEL" as const,
      thresholdPercentage: percent,
      minNumberOfExecutedThings: minThings,
    }));
    configs.abortConfig = { criteriaList };
  }
  if (timeoutMinutes !== undefined) configs.timeoutConfig = { inProgressTimeoutInMinutes: timeoutMinutes };
  if (retries.length > 0) {
    const criteriaList = retries.map(({ failure, count }) => ({
      failureType: failure,
      numberOfRetries: count,
    }));
    configs.jobExecutionsRetryConfig = { criteriaList };
  }
  return configs;
}

function exponentialRateOf({ basePerMinute, factor, every, of }: Ramp) {
  return {
    baseRatePerMinute: basePerMinute,
    incrementFactor: factor,
    rateIncreaseCriteria:
      of === "notified" ? { numberOfNotifiedThings: every } : { numberOfSucceededThings: every },
  };
}

/** Returns the schedule as CreateJob has it. */
export function schedulingConfigOf({ start, end, endBehavior, windows }: Schedule) {
  if (start === undefined && end === undefined && windows.length === 0) return {};
  return {
    schedulingConfig: {
      ...(start !== undefined && { startTime: awsTime(start) }),
      ...(end !== undefined && { endTime: awsTime(end) }),
      ...given({ endBehavior }),
      ...(windows.length > 0 && {
        maintenanceWindows: windows.map(({ cron, minutes }) => ({
          startTime: cron,
          durationInMinutes: minutes,
        })),
      }),
    },
  };
}

/** Returns `2026-12-01T02:00` in UTC: AWS's schedule times have minutes and no zone. */
function awsTime(time: Date): string {
  return time.toISOString().slice(0, 16);
}
