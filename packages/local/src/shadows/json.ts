/** A parsed JSON value. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns a member of an object; `undefined` if it has none with that name, also for names such as `__proto__`. */
export function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Returns the object as `change` makes its members; `undefined` leaves a member out. */
export function mapMembers(
  object: JsonObject,
  change: (value: Json, name: string) => Json | undefined,
): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]): [string, Json][] => {
      const changed = change(value, name);
      return changed === undefined ? [] : [[name, changed]];
    }),
  );
}

/** Returns whether objects and lists are nested more than `levels` deep; an empty object is one level. */
export function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/** Returns whether two values are the same JSON; the order of members does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, index) => sameJson(value, b[index] ?? null));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  return Object.entries(a).every(([name, value]) => {
    const other = member(b, name);
    return other !== undefined && sameJson(value, other);
  });
}
