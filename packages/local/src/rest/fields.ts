import { invalidRequest, notSupported } from "../errors.js";

/** The members of a JSON object, or of a query, as they come in: everything is checked on its way out. */
export type Members = Readonly<Record<string, unknown>>;

export interface TextRule {
  min?: number;
  max?: number;
  pattern?: RegExp;
  /** How AWS writes the pattern. */
  patternText?: string;
}

/** @throws {AwsError} InvalidRequest, in the words of AWS's validation */
export function optionalText(members: Members, name: string, rule: TextRule = {}): string | undefined {
  const value = members[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidRequest(`Member ${name} must be a string`);
  return checkText(value, name, rule);
}

/** @throws {AwsError} InvalidRequest */
export function requiredText(members: Members, name: string, rule: TextRule = {}): string {
  const value = optionalText(members, name, rule);
  if (value === undefined) throw missing(name);
  return value;
}

/** @throws {AwsError} InvalidRequest */
export function checkText(value: string, name: string, rule: TextRule): string {
  const { min = 1, max, pattern, patternText } = rule;
  if (value.length < min) throw constraint(value, name, `length greater than or equal to ${min}`);
  if (max !== undefined && value.length > max)
    throw constraint(value, name, `length less than or equal to ${max}`);
  if (pattern !== undefined && !pattern.test(value)) {
    throw invalidRequest(
      `1 validation error detected: Value '${shown(value)}' at '${name}' failed to satisfy constraint: ` +
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
  const value = optionalText(members, name);
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw invalidRequest(
      `1 validation error detected: Value '${shown(value)}' at '${name}' failed to satisfy constraint: ` +
        `Member must satisfy enum value set: [${choices.join(", ")}]`,
    );
  }
  return found;
}

/** @throws {AwsError} InvalidRequest */
export function requiredChoice<T extends string>(members: Members, name: string, choices: readonly T[]): T {
  const value = optionalChoice(members, name, choices);
  if (value === undefined) throw missing(name);
  return value;
}

/** Takes digits in a string too, as queries have them. @throws {AwsError} InvalidRequest */
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
  if (value < range.min) throw atLeast(value, name, range.min);
  if (value > range.max) {
    throw invalidRequest(
      `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
        `Member must have value less than or equal to ${range.max}`,
    );
  }
  return value;
}

/** Takes `true` and `false` as text too, as queries have them. @throws {AwsError} InvalidRequest */
export function flag(members: Members, name: string, absent = false): boolean {
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
export function requiredTexts(members: Members, name: string): string[] {
  const value = members[name];
  if (value === undefined || value === null) throw missing(name);
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === "string")) {
    throw invalidRequest(`Member ${name} must be a list of strings`);
  }
  return value;
}

/** A query whose members appear once each. */
export function queryMembers(query: URLSearchParams): Members {
  return Object.fromEntries(query);
}

/**
 * Refuses what is there and not in `known`: nothing is accepted and ignored.
 * @throws {AwsError} InvalidRequest naming the first such member
 */
export function onlyMembers(operation: string, members: Members, known: readonly string[]): void {
  for (const [name, value] of Object.entries(members)) {
    if (value === null || value === undefined || known.includes(name)) continue;
    throw notSupported(`${name} of ${operation}`);
  }
}

function missing(name: string) {
  return invalidRequest(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

function constraint(value: string, name: string, rule: string) {
  return invalidRequest(
    `1 validation error detected: Value '${shown(value)}' at '${name}' failed to satisfy constraint: Member must have ${rule}`,
  );
}

function atLeast(value: number, name: string, min: number) {
  return invalidRequest(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
      `Member must have value greater than or equal to ${min}`,
  );
}

/** Values go into messages cut: a document is 32 KiB. */
function shown(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}...` : value;
}
