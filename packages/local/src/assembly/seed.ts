import { FotaError, THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import type { Engine } from "../engine/engine.js";
import { AwsError } from "../errors.js";
import { isBucketName } from "../s3/bucket-operations.js";
import type { LocalOptions } from "./options.js";
import type { State } from "./state.js";

/**
 * Creates the buckets, things and groups of the options, so that a first try or a test needs no other tool. Existing
 * ones stay unchanged.
 * @throws {FotaError} USAGE if a name is not valid, before anything is created; or if a thing would be in too many
 * groups, after some have been created
 */
export async function createSeed(
  { buckets = [], things = [], groups = {} }: Pick<LocalOptions, "buckets" | "things" | "groups">,
  { engine, store, region, clock }: State,
): Promise<void> {
  for (const name of buckets) checkBucketName(name);
  for (const name of [...things, ...Object.values(groups).flat()]) checkName("thing", name);
  for (const name of Object.keys(groups)) checkName("group", name);
  for (const name of buckets) await store.createBucket({ name, region, createdMs: clock.nowMs() });
  for (const name of things) await createThing(engine, name);
  try {
    for (const [name, members] of Object.entries(groups)) await createGroup(engine, name, members);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new FotaError("USAGE", `cannot create the groups: ${error.message}`, {
      hint: "put the thing in fewer groups, or use another group name",
      cause: error,
    });
  }
}

async function createThing(engine: Engine, thingName: string): Promise<void> {
  if (!engine.world.things.has(thingName)) await engine.run("createThing", { thingName, attributes: {} });
}

async function createGroup(
  engine: Engine,
  thingGroupName: string,
  members: readonly string[],
): Promise<void> {
  if (!engine.world.groups.has(thingGroupName)) {
    await engine.run("createThingGroup", { thingGroupName, attributes: {} });
  }
  for (const thingName of members) {
    await createThing(engine, thingName);
    if (engine.world.groups.get(thingGroupName)?.things.has(thingName) === true) continue;
    await engine.run("addThingToGroup", { thingName, thingGroupName });
  }
}

function checkName(kind: "thing" | "group", name: string): void {
  if (name.length <= THING_NAME_MAX_LENGTH && THING_NAME_PATTERN.test(name)) return;
  throw new FotaError("USAGE", `${JSON.stringify(name)} is not a valid ${kind} name`, {
    hint: `use 1 to ${THING_NAME_MAX_LENGTH} of the characters a-z, A-Z, 0-9, ":", "_" and "-"`,
  });
}

function checkBucketName(name: string): void {
  if (isBucketName(name)) return;
  throw new FotaError("USAGE", `${JSON.stringify(name)} is not a valid bucket name`, {
    hint: "use 3 to 63 lowercase letters, digits, dots and hyphens",
  });
}
