import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import { mapAtOnce } from "../at-once.js";
import type { Iot } from "../aws/iot.js";
import {
  addThingToGroup,
  createThingGroup,
  findThingGroupArn,
  listThingsInGroup,
} from "../aws/thing-groups.js";

/** AWS allows 60 to 100 additions per second. */
const ADDED_AT_ONCE = 8;
const LISTED_AFTER_MS = 500;
const LISTED_TRIES = 60;

/** Holds a group to create, and the things that it lacks. */
export interface GroupPlan {
  name: string;
  things: string[];
  missing: string[];
}

/**
 * Plans a group. If the group has some of the things, as after an interrupted run, only the others are added.
 * @throws {FotaError} GROUP_EXISTS when it has other things
 */
export async function planGroup(iot: Iot, name: string, things: readonly string[]): Promise<GroupPlan> {
  const members = new Set<string>();
  if ((await findThingGroupArn(iot, name)) !== undefined) {
    for await (const thing of listThingsInGroup(iot, name)) members.add(thing);
  }
  const wanted = new Set(things);
  const other = [...members].find((thing) => !wanted.has(thing));
  if (other !== undefined) {
    throw new FotaError("GROUP_EXISTS", `group ${name} exists and has other things, such as ${other}`, {
      hint: `give another name to --make-group, or publish to what it has: --to group:${name}`,
    });
  }
  return { name, things: [...things], missing: things.filter((thing) => !members.has(thing)) };
}

/**
 * Creates the group and waits until AWS lists all things in it: an earlier job would miss the unlisted ones.
 * @throws {FotaError} AWS_ERROR when AWS does not list them in time
 */
export async function makeGroup(
  iot: Iot,
  { name, things, missing }: GroupPlan,
  signal: AbortSignal,
): Promise<void> {
  if (missing.length === 0) return;
  await createThingGroup(iot, name);
  await mapAtOnce(missing, ADDED_AT_ONCE, (thing) => addThingToGroup(iot, name, thing));
  for (let tries = 0; tries < LISTED_TRIES; tries += 1) {
    const members = new Set<string>();
    for await (const thing of listThingsInGroup(iot, name)) members.add(thing);
    if (things.every((thing) => members.has(thing))) return;
    await sleep(LISTED_AFTER_MS, undefined, { signal });
  }
  throw new FotaError("AWS_ERROR", `AWS IoT does not list all ${things.length} things of group ${name} yet`, {
    hint: "run the same command again; no job was created",
  });
}
