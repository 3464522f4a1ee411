import type { World } from "../jobs/world.js";
import { WatchedMap } from "../state/watched-map.js";

/**
 * Decodes a world as releases before format 3 of the journal wrote it: JSON text in which Maps and Sets are objects with
 * the member `$map` or `$set`.
 */
export function decodeWorld(text: string): World {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("$map" in value && Array.isArray(value.$map))
      return WatchedMap.from(value.$map as [unknown, unknown][]);
    if ("$set" in value && Array.isArray(value.$set)) return new Set(value.$set);
    return value;
  }) as World;
}
