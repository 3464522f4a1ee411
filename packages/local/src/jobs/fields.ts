import {
  JOB_DESCRIPTION_MAX_LENGTH,
  JOB_ID_MAX_LENGTH,
  JOB_ID_PATTERN,
  STEP_TIMEOUT_MAX_MINUTES,
  type StatusDetails,
  statusDetailsFault,
} from "@fota/shared";
import { invalidRequest } from "../errors.js";
import {
  checkString,
  type Members,
  optionalInteger,
  optionalObject,
  optionalString,
  requiredString,
  requiredStrings,
  type StringRule,
} from "../rest/fields.js";

// Source of the patterns and limits: API models of iot 2015-05-28 and iot-jobs-data 2017-09-29.

export const JOB_ID: StringRule = {
  max: JOB_ID_MAX_LENGTH,
  pattern: JOB_ID_PATTERN,
  patternText: "[a-zA-Z0-9_-]+",
};
export const DESCRIPTION: StringRule = {
  min: 0,
  max: JOB_DESCRIPTION_MAX_LENGTH,
  pattern: /^[^\p{C}]*$/u,
  patternText: "[^\\p{C}]+",
};
export const REASON_CODE: StringRule = {
  max: 128,
  pattern: /^[\p{Lu}\p{Nd}_]+$/u,
  patternText: "[\\p{Upper}\\p{Digit}_]+",
};

const PARAMETER_KEY: StringRule = { max: 128, pattern: /^[a-zA-Z0-9_-]+$/, patternText: "[a-zA-Z0-9_-]+" };
const PARAMETER_VALUE: StringRule = { max: 30_720, pattern: /^[^\p{C}]+$/u, patternText: "[^\\p{C}]+" };
const VERSION_RANGE = { min: 0, max: Number.MAX_SAFE_INTEGER };
export const TAGS_MAX = 50;
const DESTINATIONS_MAX = 25;
/** What most resources have is one object, which nothing changes. */
const NO_TAGS: Record<string, string> = {};

/** Reads `tags`, a list of `{Key, Value}`. @throws {AwsError} InvalidRequest */
export function readTags(members: Members): Record<string, string> {
  const list = members["tags"];
  if (list === undefined || list === null) return NO_TAGS;
  if (!Array.isArray(list) || list.length > TAGS_MAX)
    throw invalidRequest(`tags must be a list of at most ${TAGS_MAX} tags`);
  return Object.fromEntries(
    list.map((tag: unknown): [string, string] => {
      const { Key, Value } = typeof tag === "object" && tag !== null ? (tag as Members) : {};
      const key = optionalString({ Key }, "Key", { max: 128 });
      if (key === undefined) throw invalidRequest("a tag has no Key");
      return [key, optionalString({ Value }, "Value", { min: 0, max: 256 }) ?? ""];
    }),
  );
}

/** @throws {AwsError} InvalidRequest */
export function readDocumentParameters(members: Members): Record<string, string> | undefined {
  const parameters = optionalObject(members, "documentParameters");
  if (parameters === undefined) return undefined;
  return Object.fromEntries(
    Object.keys(parameters).map((key): [string, string] => [
      checkString(key, "documentParameters.key", PARAMETER_KEY),
      requiredString(parameters, key, PARAMETER_VALUE),
    ]),
  );
}

/** Reads ARNs of software package versions. @throws {AwsError} InvalidRequest */
export function readDestinations(members: Members): string[] | undefined {
  if (members["destinationPackageVersions"] === undefined || members["destinationPackageVersions"] === null)
    return undefined;
  const arns = requiredStrings(members, "destinationPackageVersions");
  if (arns.length > DESTINATIONS_MAX)
    throw invalidRequest(
      `destinationPackageVersions has ${arns.length} members, at most ${DESTINATIONS_MAX} are allowed`,
    );
  return arns.map((arn) => checkString(arn, "destinationPackageVersions", { max: 1600 }));
}

/** @throws {AwsError} InvalidRequest */
export function readStatusDetails(members: Members): StatusDetails | undefined {
  const details = members["statusDetails"];
  if (details === undefined || details === null) return undefined;
  const fault = statusDetailsFault(details);
  if (fault !== undefined) throw invalidRequest(fault);
  return details as StatusDetails;
}

/** Reads the step timeout in minutes; -1 removes the timer. @throws {AwsError} InvalidRequest */
export function readStepTimeout(members: Members): number | undefined {
  const minutes = optionalInteger(members, "stepTimeoutInMinutes", {
    min: -1,
    max: STEP_TIMEOUT_MAX_MINUTES,
  });
  if (minutes === 0)
    throw invalidRequest(`stepTimeoutInMinutes must be -1 or 1 to ${STEP_TIMEOUT_MAX_MINUTES}`);
  return minutes;
}

/**
 * Accepts a number or its digits: devices in the field send `"expectedVersion":"2"`.
 *
 * @throws {AwsError} InvalidRequest
 */
export function readExpectedVersion(members: Members): number | undefined {
  return optionalInteger(members, "expectedVersion", VERSION_RANGE);
}

/** @throws {AwsError} InvalidRequest */
export function readExecutionNumber(members: Members): number | undefined {
  return optionalInteger(members, "executionNumber", VERSION_RANGE);
}
