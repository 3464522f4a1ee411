import { invalidRequest, notSupported } from "../errors.js";

/** The unchecked members of a JSON object or a query. The functions below check them. */
export type Members = Readonly<Record<string, unknown>>;

export interface StringRule {
  min?: number;
  max?: number;
  pattern?: RegExp;
  /** The pattern in AWS's spelling, for the error message. */
  patternText?: string;
}

/** @throws {AwsError} InvalidRequest with the message of AWS's validation */
export function optionalString(members: Members, name: string, rule: StringRule = {}): string | undefined {
  const value = members[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidRequest(`Member ${name} must be a string`);
  return checkString(value, name, rule);
}

/** @throws {AwsError} InvalidRequest */
export function requiredString(members: Members, name: string, rule: StringRule = {}): string {
  const value = optionalString(members, name, rule);
  if (value === undefined) throw missingMember(name);
  return value;
}

/** @throws {AwsError} InvalidRequest */
export function checkString(value: string, name: string, rule: StringRule): string {
  const { min = 1, max, pattern, patternText } = rule;
  if (value.length < min) throw constraintViolated(value, name, `length greater than or equal to ${min}`);
  if (max !== undefined && value.length > max)
    throw constraintViolated(value, name, `length less than or equal to ${max}`);
  if (pattern !== undefined && !pattern.test(value)) {
    throw invalidRequest(
      `1 validation error detected: Value '${truncate(value)}' at '${name}' failed to satisfy constraint: ` +
        `Member must satisfy regular expression pattern: ${patternText ?? pattern.source}`,
    );
  }
  return value;
}

/** @throws {AwsError} InvalidRequest */
export function optionalChoice<T extends string>(
  members: Members,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = optionalString(members, name);
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw invalidRequest(
      `1 validation error detected: Value '${truncate(value)}' at '${name}' failed to satisfy constraint: ` +
        `Member must satisfy enum value set: [${choices.join(", ")}]`,
    );
  }
  return found;
}

/** @throws {AwsError} InvalidRequest */
export function requiredChoice<T extends string>(members: Members, name: string, choices: readonly T[]): T {
  const value = optionalChoice(members, name, choices);
  if (value === undefined) throw missingMember(name);
  return value;
}

/** Reads an integer; also from a string of digits, as in queries. @throws {AwsError} InvalidRequest */
export function optionalInteger(
  members: Members,
  name: string,
  range: { min: number; max: number },
): number | undefined {
  const raw = members[name];
  if (raw === undefined || raw === null) return undefined;
  const value = typeof raw === "string" && /^-?\d{1,15}$/.test(raw) ? Number(raw) : raw;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw invalidRequest(`Member ${name} must be a whole number`);
  }
  if (value < range.min) throw tooSmall(value, name, range.min);
  if (value > range.max) {
    throw invalidRequest(
      `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
        `Member must have value less than or equal to ${range.max}`,
    );
  }
  return value;
}

/** Reads a boolean; also from the strings `true` and `false`, as in queries. @throws {AwsError} InvalidRequest */
export function optionalBoolean(members: Members, name: string, absent = false): boolean {
  const value = members[name];
  if (value === undefined || value === null) return absent;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw invalidRequest(`Member ${name} must be true or false`);
}

/** @throws {AwsError} InvalidRequest */
export function optionalObject(members: Members, name: string): Record<string, unknown> | undefined {
  const value = members[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value))
    throw invalidRequest(`Member ${name} must be an object`);
  return value as Record<string, unknown>;
}

/** @throws {AwsError} InvalidRequest */
export function requiredStrings(members: Members, name: string): string[] {
  const value = members[name];
  if (value === undefined || value === null) throw missingMember(name);
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === "string")) {
    throw invalidRequest(`Member ${name} must be a list of strings`);
  }
  return value;
}

/** Returns the members of a query; of a repeated one, the last. */
export function queryMembers(query: URLSearchParams): Members {
  return query.size === 0 ? NO_MEMBERS : Object.fromEntries(query);
}

const NO_MEMBERS: Members = {};

/**
 * Refuses members that are not in `known`, instead of ignoring them.
 * @throws {AwsError} InvalidRequest naming the first such member
 */
export function refuseUnknownMembers(operation: string, members: Members, known: readonly string[]): void {
  for (const name of Object.keys(members)) {
    if (members[name] === null || members[name] === undefined || known.includes(name)) continue;
    throw notSupported(`${name} of ${operation}`);
  }
}

function missingMember(name: string) {
  return invalidRequest(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

function constraintViolated(value: string, name: string, rule: string) {
  return invalidRequest(
    `1 validation error detected: Value '${truncate(value)}' at '${name}' failed to satisfy constraint: Member must have ${rule}`,
  );
}

function tooSmall(value: number, name: string, min: number) {
  return invalidRequest(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
      `Member must have value greater than or equal to ${min}`,
  );
}

/** Truncates a value for an error message: a job document can have 32 KiB. */
function truncate(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}...` : value;
}
