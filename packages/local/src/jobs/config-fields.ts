import { IOT_PRESIGN_MAX_SECONDS, IOT_PRESIGN_MIN_SECONDS, STEP_TIMEOUT_MAX_MINUTES } from "@fota/shared";
import { invalidRequest } from "../errors.js";
import {
  type Members,
  optionalChoice,
  optionalInteger,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
  requiredChoice,
  requiredString,
} from "../rest/fields.js";
import type {
  AbortCriterion,
  JobConfig,
  MaintenanceWindow,
  RetryCriterion,
  RolloutConfig,
  SchedulingConfig,
} from "./job.js";
import { RATE_MAX } from "./rollout-rate.js";

// Source of the limits: API model of iot 2015-05-28; quotas of AWS General Reference.

/** The members of a request that `readJobConfig` reads. */
export const CONFIG_MEMBERS = [
  "presignedUrlConfig",
  "jobExecutionsRolloutConfig",
  "abortConfig",
  "timeoutConfig",
  "jobExecutionsRetryConfig",
];

const THING_COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };
const RETRIES_MAX = 10;
const END_BEHAVIORS = ["STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL"] as const;
const WINDOW_MAX_MINUTES = 1430;

/** Most jobs have none of the members: they share one object, which nothing changes. */
const NO_CONFIG: JobConfig = {};

/** @throws {AwsError} InvalidRequest */
export function readJobConfig(members: Members): JobConfig {
  if (CONFIG_MEMBERS.every((name) => members[name] === undefined)) return NO_CONFIG;
  return withoutUndefined({
    presignedUrlConfig: readObject(
      members,
      "presignedUrlConfig",
      ["roleArn", "expiresInSec"],
      readPresignedUrls,
    ),
    jobExecutionsRolloutConfig: readObject(
      members,
      "jobExecutionsRolloutConfig",
      ["maximumPerMinute", "exponentialRate"],
      readRollout,
    ),
    abortConfig: readObject(members, "abortConfig", ["criteriaList"], (config) => ({
      criteriaList: readList(config, "criteriaList", Number.POSITIVE_INFINITY).map(readAbortCriterion),
    })),
    timeoutConfig: readObject(members, "timeoutConfig", ["inProgressTimeoutInMinutes"], (config) =>
      withoutUndefined({
        inProgressTimeoutInMinutes: optionalInteger(config, "inProgressTimeoutInMinutes", {
          min: 1,
          max: STEP_TIMEOUT_MAX_MINUTES,
        }),
      }),
    ),
    jobExecutionsRetryConfig: readObject(members, "jobExecutionsRetryConfig", ["criteriaList"], (config) => ({
      criteriaList: readList(config, "criteriaList", 2).map(readRetryCriterion),
    })),
  });
}

/** Checks form only; the command checks the times against its own. @throws {AwsError} InvalidRequest */
export function readSchedulingConfig(members: Members): SchedulingConfig | undefined {
  const known = ["startTime", "endTime", "endBehavior", "maintenanceWindows"];
  return readObject(members, "schedulingConfig", known, (config) =>
    withoutUndefined({
      startTime: optionalString(config, "startTime", { max: 64 }),
      endTime: optionalString(config, "endTime", { max: 64 }),
      endBehavior: optionalChoice(config, "endBehavior", END_BEHAVIORS),
      maintenanceWindows: readMaintenanceWindows(config),
    }),
  );
}

/** @throws {AwsError} InvalidRequest */
export function readMaintenanceWindows(members: Members): MaintenanceWindow[] | undefined {
  if (members["maintenanceWindows"] === undefined || members["maintenanceWindows"] === null) return undefined;
  return readList(members, "maintenanceWindows", Number.POSITIVE_INFINITY).map((window) => {
    refuseUnknownMembers("maintenanceWindows", window, ["startTime", "durationInMinutes"]);
    return {
      startTime: requiredString(window, "startTime", { max: 256 }),
      durationInMinutes: requiredInteger(window, "durationInMinutes", { min: 1, max: WINDOW_MAX_MINUTES }),
    };
  });
}

function readPresignedUrls(config: Members) {
  const range = { min: IOT_PRESIGN_MIN_SECONDS, max: IOT_PRESIGN_MAX_SECONDS };
  return withoutUndefined({
    roleArn: optionalString(config, "roleArn", { min: 20, max: 2048 }),
    expiresInSec: optionalInteger(config, "expiresInSec", range),
  });
}

function readRollout(config: Members): RolloutConfig {
  return withoutUndefined({
    maximumPerMinute: optionalInteger(config, "maximumPerMinute", { min: 1, max: RATE_MAX }),
    exponentialRate: readObject(
      config,
      "exponentialRate",
      ["baseRatePerMinute", "incrementFactor", "rateIncreaseCriteria"],
      (rate) => ({
        baseRatePerMinute: requiredInteger(rate, "baseRatePerMinute", { min: 1, max: RATE_MAX }),
        incrementFactor: requiredDecimal(rate, "incrementFactor", { min: 1.1, max: 5, decimals: 1 }),
        rateIncreaseCriteria: readIncreaseCriteria(rate),
      }),
    ),
  });
}

function readIncreaseCriteria(rate: Members) {
  const known = ["numberOfNotifiedThings", "numberOfSucceededThings"];
  const criteria = readObject(rate, "rateIncreaseCriteria", known, (members) =>
    withoutUndefined({
      numberOfNotifiedThings: optionalInteger(members, "numberOfNotifiedThings", THING_COUNT),
      numberOfSucceededThings: optionalInteger(members, "numberOfSucceededThings", THING_COUNT),
    }),
  );
  if (criteria === undefined || Object.keys(criteria).length !== 1) {
    throw invalidRequest(`rateIncreaseCriteria must have either ${known[0]} or ${known[1]}`);
  }
  return criteria;
}

function readAbortCriterion(criterion: Members): AbortCriterion {
  const known = ["failureType", "action", "thresholdPercentage", "minNumberOfExecutedThings"];
  refuseUnknownMembers("abortConfig.criteriaList", criterion, known);
  return {
    failureType: requiredChoice(criterion, "failureType", ["FAILED", "REJECTED", "TIMED_OUT", "ALL"]),
    action: requiredChoice(criterion, "action", ["CANCEL"]),
    thresholdPercentage: requiredDecimal(criterion, "thresholdPercentage", { min: 0, max: 100, decimals: 2 }),
    minNumberOfExecutedThings: requiredInteger(criterion, "minNumberOfExecutedThings", THING_COUNT),
  };
}

function readRetryCriterion(criterion: Members): RetryCriterion {
  refuseUnknownMembers("jobExecutionsRetryConfig.criteriaList", criterion, [
    "failureType",
    "numberOfRetries",
  ]);
  return {
    failureType: requiredChoice(criterion, "failureType", ["FAILED", "TIMED_OUT", "ALL"]),
    numberOfRetries: requiredInteger(criterion, "numberOfRetries", { min: 0, max: RETRIES_MAX }),
  };
}

function readObject<T>(
  members: Members,
  name: string,
  known: readonly string[],
  read: (object: Members) => T,
): T | undefined {
  const object = optionalObject(members, name);
  if (object === undefined) return undefined;
  refuseUnknownMembers(name, object, known);
  return read(object);
}

function readList(members: Members, name: string, max: number): Members[] {
  const list = members[name];
  if (!Array.isArray(list) || list.length === 0 || list.length > max) {
    throw invalidRequest(
      `Member ${name} must be a list of ${Number.isFinite(max) ? `1 to ${max}` : "at least one"}`,
    );
  }
  return list.map((item: unknown) => optionalObject({ [name]: item }, name) ?? {});
}

function requiredInteger(members: Members, name: string, range: { min: number; max: number }): number {
  const value = optionalInteger(members, name, range);
  if (value === undefined) throw invalidRequest(`Member ${name} must not be null`);
  return value;
}

function requiredDecimal(
  members: Members,
  name: string,
  { min, max, decimals }: { min: number; max: number; decimals: number },
): number {
  const value = members[name];
  const scale = 10 ** decimals;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw invalidRequest(`Member ${name} must be a number from ${min} to ${max}`);
  }
  if (Math.abs(value * scale - Math.round(value * scale)) > 1e-6) {
    throw invalidRequest(`Member ${name} has more than ${decimals} decimals`);
  }
  return value;
}

/** Returns the members that have a value. */
function withoutUndefined<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  const given: Partial<T> = {};
  for (const name in members) if (members[name] !== undefined) given[name] = members[name];
  return given as T;
}
