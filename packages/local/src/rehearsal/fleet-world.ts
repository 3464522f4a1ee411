import { randomFrom } from "../engine/random.js";
import { createWorld, startCommand, type World } from "../jobs/world.js";
import { createThingGroup } from "../registry/groups.js";
import type { Thing } from "../registry/registry.js";

const REGION = "us-east-1";
const GROUP = "fleet";
const NAME_PREFIX = "device-";

/** ARN of the group that has all devices of a rehearsal. */
export const FLEET_ARN = `arn:aws:iot:${REGION}:000000000000:thinggroup/${GROUP}`;

/** Returns a world with `size` things in one group, and their names by device number. */
export function createFleetWorld(size: number, nowMs: number): { world: World; names: string[] } {
  const world = createWorld(REGION);
  const context = startCommand(world, { nowMs, random: randomFrom("") });
  createThingGroup(context, { thingGroupName: GROUP, attributes: {} });
  const things = world.things as Map<string, Thing>;
  const members = world.groups.get(GROUP)?.things as Set<string>;
  // Written as plain data: all things share one record, because no command of a rehearsal changes it or reads the name
  // in it. Records for each of a million things would only cost memory.
  const shared: Thing = {
    thingName: NAME_PREFIX,
    thingId: "",
    attributes: {},
    version: 1,
    groups: new Set([GROUP]),
    certificates: new Set<string>(),
    sequence: world.sequence,
  };
  const names = Array.from({ length: size }, (_, device) => `${NAME_PREFIX}${device}`);
  for (const thingName of names) {
    things.set(thingName, shared);
    members.add(thingName);
  }
  return { world, names };
}

/** Returns the device number of a name. */
export function deviceOfName(thingName: string): number {
  return Number(thingName.slice(NAME_PREFIX.length));
}
