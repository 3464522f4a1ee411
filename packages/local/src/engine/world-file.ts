import type { World } from "../jobs/world.js";

const MAP = "$map";
const SET = "$set";

/** Encodes the world as JSON text. Maps and Sets become objects with one key that nothing in the world can have. */
export function encodeWorld(world: World): string {
  return JSON.stringify(world, (_key, value: unknown) => {
    if (value instanceof Map) return { [MAP]: [...value] };
    if (value instanceof Set) return { [SET]: [...value] };
    return value;
  });
}

/** Decodes the text of `encodeWorld`. */
export function decodeWorld(text: string): World {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (MAP in value && Array.isArray(value[MAP])) return new Map(value[MAP] as [unknown, unknown][]);
    if (SET in value && Array.isArray(value[SET])) return new Set(value[SET]);
    return value;
  }) as World;
}
