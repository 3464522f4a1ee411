import { FotaError, nearestOf } from "@fota/shared";
import { CONFIG_VARIABLE, type Field, isConfigVariable, listFields } from "./fields.js";

/** A JSON object as in the file, not checked yet. */
export type RawConfig = Record<string, unknown>;

/**
 * Returns what the environment sets, in the form of the file. An empty variable counts as absent.
 * @throws {FotaError} CONFIG_INVALID for a variable that no field has, or a value of the wrong kind
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): RawConfig {
  const fields = new Map(listFields().map((field) => [field.variable, field]));
  const config: RawConfig = {};
  for (const [name, value] of Object.entries(env)) {
    if (!isConfigVariable(name) || value === undefined || value === "") continue;
    const field = fields.get(name);
    if (field === undefined) throw unknownVariable(name, [...fields.keys(), CONFIG_VARIABLE]);
    place(config, field.keys, parseValue(field, value));
  }
  return config;
}

/** Returns the keys of `over` in place of those of `under`; objects are merged. */
export function merge(under: RawConfig, over: RawConfig): RawConfig {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return result;
}

export function isObject(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function place(config: RawConfig, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    config[key] = value;
    return;
  }
  const inner = isObject(config[key]) ? config[key] : {};
  config[key] = inner;
  place(inner, rest, value);
}

function parseValue({ kind, variable }: Field, value: string): unknown {
  switch (kind) {
    case "text":
      return value;
    case "number":
      if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
      throw invalid(variable, "is not a number", value);
    case "boolean":
      if (value === "true" || value === "1") return true;
      if (value === "false" || value === "0") return false;
      throw invalid(variable, "is not true or false", value);
    case "list":
      return value.trimStart().startsWith("[")
        ? parseJson(variable, value)
        : value.split(",").map((item) => item.trim());
    case "object":
      return parseJson(variable, value);
  }
}

function parseJson(variable: string, value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw invalid(variable, "is not valid JSON", value);
  }
}

function invalid(variable: string, fault: string, value: string): FotaError {
  return new FotaError("CONFIG_INVALID", `${variable} ${fault}: ${JSON.stringify(value)}`, {
    hint: "fix or unset the variable",
  });
}

function unknownVariable(name: string, known: readonly string[]): FotaError {
  const [near] = nearestOf(name, known);
  const hint =
    near === undefined ? "unset it, or see docs/agent.md for the variables" : `set ${near} instead`;
  return new FotaError("CONFIG_INVALID", `unknown variable ${name} in the environment`, { hint });
}
