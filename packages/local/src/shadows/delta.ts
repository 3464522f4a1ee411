import { isObject, type JsonObject, mapMembers, member, sameJson } from "./json.js";

/**
 * Returns the members of `desired` that differ from `reported` or are missing there; `undefined` if there are none. Lists
 * are compared as a whole. A member of `reported` alone is no difference. Source: AWS IoT Developer Guide, "Device Shadow
 * service documents".
 */
export function deltaOf(desired: JsonObject, reported: JsonObject): JsonObject | undefined {
  const delta = mapMembers(desired, (value, name) => {
    const other = member(reported, name);
    if (other === undefined) return value;
    if (isObject(value) && isObject(other)) return deltaOf(value, other);
    return sameJson(value, other) ? undefined : value;
  });
  return Object.keys(delta).length === 0 ? undefined : delta;
}

/** Returns the part of the metadata of `desired` that belongs to a delta. */
export function deltaMetadata(delta: JsonObject, metadata: JsonObject): JsonObject {
  return mapMembers(delta, (value, name) => {
    const known = member(metadata, name);
    return isObject(value) && isObject(known) ? deltaMetadata(value, known) : known;
  });
}
