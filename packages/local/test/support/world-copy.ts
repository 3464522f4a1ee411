import type { World } from "../../src/jobs/world.js";
import { StateBuilder } from "../../src/state/state-builder.js";
import { StateCapture } from "../../src/state/state-capture.js";

/** Returns the world as text, for comparison. Maps and Sets become objects with one member. */
export function encodeWorld(world: Readonly<World>): string {
  return JSON.stringify(world, (_key, value: unknown) => {
    if (value instanceof Map) return { $map: [...value] };
    if (value instanceof Set) return { $set: [...value] };
    return value;
  });
}

/** Returns the world that its snapshot contains. */
export function copyWorld(world: World): World {
  return buildWorld(new StateCapture(world).records());
}

/** Returns the world of the records of a snapshot. */
export function buildWorld(records: Iterable<string>): World {
  const builder = new StateBuilder();
  for (const record of records) builder.add(JSON.parse(record));
  return builder.finish() as World;
}
