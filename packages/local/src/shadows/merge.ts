import { isObject, type Json, type JsonObject, mapMembers, member } from "./json.js";

/**
 * Returns `state` with the members of `patch`: null deletes a member, objects are merged, everything else, also a list,
 * replaces what was there. Source: AWS IoT Developer Guide, "Device Shadow service documents".
 */
export function mergeState(state: JsonObject, patch: JsonObject): JsonObject {
  const kept = mapMembers(state, (value, name) => (Object.hasOwn(patch, name) ? undefined : value));
  const changed = mapMembers(patch, (value, name) => {
    if (!isObject(value)) return value ?? undefined;
    const before = member(state, name);
    return isObject(before) ? mergeState(before, value) : withoutNulls(value);
  });
  return joined(kept, changed);
}

/**
 * Returns the metadata of the merged `state`: `timestamp` for each value that `patch` set, and for the others what
 * `metadata` has.
 */
export function mergeMetadata(
  metadata: JsonObject,
  patch: JsonObject,
  state: JsonObject,
  timestamp: number,
): JsonObject {
  return mapMembers(state, (value, name) => {
    const known = member(metadata, name);
    const patched = member(patch, name);
    if (patched === undefined) return known;
    if (!isObject(value) || !isObject(patched)) return stamp(value, timestamp);
    return mergeMetadata(isObject(known) ? known : {}, patched, value, timestamp);
  });
}

/** Returns the metadata of a value that is set now; null also gets a time. */
export function stamp(value: Json, timestamp: number): Json {
  if (Array.isArray(value)) return value.map((item) => stamp(item, timestamp));
  if (isObject(value)) return mapMembers(value, (inner) => stamp(inner, timestamp));
  return { timestamp };
}

/** Returns the object without its nulls, and without the objects that only have nulls. */
function withoutNulls(object: JsonObject): JsonObject | undefined {
  const rest = mapMembers(object, (value) => (isObject(value) ? withoutNulls(value) : (value ?? undefined)));
  return Object.keys(rest).length === 0 && Object.keys(object).length > 0 ? undefined : rest;
}

/** Unlike spread syntax with computed names, this also keeps a member with the name `__proto__`. */
function joined(a: JsonObject, b: JsonObject): JsonObject {
  return Object.fromEntries([...Object.entries(a), ...Object.entries(b)]);
}
