import type { Path } from "./state-record.js";

/** A value in the form of JSON, and the collections that it lacks. */
export interface Flat {
  /** Has an array, possibly empty, in place of each Set and Map. */
  value: unknown;
  sets: Path[];
  maps: Path[];
  /** Collections that are empty in `value`, with their paths in it. Lists are copies; Maps are the Maps themselves. */
  nested: { path: Path; content: unknown[] | Map<unknown, unknown> }[];
}

/**
 * Takes Maps, and Sets and arrays with more than `inlineMax` elements, out of a value. Copies what it must change, and
 * nothing else.
 */
export function flatten(value: unknown, inlineMax: number): Flat {
  const flat: Flat = { value: undefined, sets: [], maps: [], nested: [] };
  flat.value = flattenPart(value, [], flat, inlineMax);
  return flat;
}

function flattenPart(value: unknown, path: unknown[], flat: Flat, inlineMax: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Map) {
    flat.maps.push([...path]);
    if (value.size > 0) flat.nested.push({ path: [...path], content: value });
    return [];
  }
  if (value instanceof Set) flat.sets.push([...path]);
  else if (!Array.isArray(value) || value.length <= inlineMax)
    return flattenMembers(value, path, flat, inlineMax);
  const items = [...(value as Iterable<unknown>)];
  if (items.length <= inlineMax) return items;
  flat.nested.push({ path: [...path], content: items });
  return [];
}

function flattenMembers(value: object, path: unknown[], flat: Flat, inlineMax: number): object {
  const members = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const name in members) {
    const member = members[name];
    if (typeof member !== "object" || member === null) continue;
    path.push(name);
    const flatMember = flattenPart(member, path, flat, inlineMax);
    path.pop();
    if (flatMember === member) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[name] = flatMember;
  }
  return copy ?? value;
}
