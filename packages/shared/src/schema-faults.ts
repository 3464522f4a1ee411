import * as v from "valibot";
import { nearestOf } from "./nearest.js";

/**
 * Returns the faults of a value from a file, each with its place, as in `groups[0].weight must be a number above 0, got
 * "x"`. An unknown key comes with the known key that it may be a typo of.
 */
export function schemaFaults(schema: v.GenericSchema, value: unknown): string[] {
  if (Array.isArray(value)) return [`the file must be an object, got ${JSON.stringify(value)}`]; // valibot lets it pass
  const { issues = [] } = v.safeParse(schema, value);
  return [...new Set(issues.map((issue) => faultOf(schema, issue)))];
}

function faultOf(schema: v.GenericSchema, issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  if (issue.expected === "never") {
    const [near] = nearestOf(String(keys.at(-1)), keysAt(schema, keys.slice(0, -1)));
    const hint = near === undefined ? "" : `, did you mean ${JSON.stringify(near)}?`;
    return `unknown key ${JSON.stringify(placeOf(keys))}${hint}`;
  }
  const place = placeOf(keys);
  if (issue.input === undefined) return `${place} is missing`;
  return `${place === "" ? "the file" : place} ${issue.message}, got ${JSON.stringify(issue.input)}`;
}

function placeOf(keys: readonly unknown[]): string {
  return keys.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

/** Holds the members of the schemas that have others inside. */
interface Nested {
  wrapped?: Nested;
  item?: Nested;
  entries?: Readonly<Record<string, Nested>>;
  /** Of a variant: one object for each kind. */
  options?: readonly Nested[];
}

/** Returns the keys that the object at this place may have. */
function keysAt(schema: v.GenericSchema, keys: readonly unknown[]): string[] {
  let at: Nested | undefined = schema as Nested;
  for (const key of keys) at = typeof key === "number" ? inner(at).item : inner(at).entries?.[String(key)];
  const { entries, options } = inner(at);
  const objects = options === undefined ? [entries] : options.map((option) => option.entries);
  return [...new Set(objects.flatMap((object) => Object.keys(object ?? {})))];
}

function inner(schema: Nested | undefined): Nested {
  return schema?.wrapped === undefined ? (schema ?? {}) : inner(schema.wrapped);
}
