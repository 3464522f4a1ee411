import { AwsError, invalidRequest } from "../errors.js";
import type { RegistryContext } from "../registry/context.js";
import { readAttributes, THING_NAME } from "../registry/fields.js";
import { updateGroupsOfThing } from "../registry/group-members.js";
import { checkKind, checkStays, existingGroup } from "../registry/groups.js";
import { GROUPS_OF_A_THING_MAX } from "../registry/membership.js";
import type { Registry, ThingGroup } from "../registry/registry.js";
import { checkThing, createThing, updateThing } from "../registry/things.js";
import {
  type Members,
  optionalChoice,
  optionalString,
  requiredString,
  requiredStrings,
} from "../rest/fields.js";
import type { TemplateResource } from "./template-body.js";

/** What a template makes of a thing, whether it exists already or not. */
export interface PlannedThing {
  thingName: string;
  thingTypeName: string | undefined;
  attributes: Record<string, string>;
  addGroups: string[];
  removeGroups: string[];
}

const OVERRIDES = ["DO_NOTHING", "REPLACE", "FAIL", "MERGE"] as const;
type Override = (typeof OVERRIDES)[number];

/**
 * Works out a thing resource of a template, and checks all that `applyThing` needs.
 * @throws {AwsError} InvalidRequest, ResourceNotFound; ResourceConflicts where OverrideSettings have FAIL
 */
export function planThing(world: Registry, { properties, overrideSettings }: TemplateResource): PlannedThing {
  const thingName = requiredString(properties, "ThingName", THING_NAME);
  const existing = world.things.get(thingName);
  const choose = <T>(property: string, now: T, wanted: T, same: boolean, merge?: () => T): T => {
    if (properties[property] === undefined) return now;
    if (existing === undefined || same) return wanted;
    return override(thingName, property, readOverride(overrideSettings, property, merge !== undefined), {
      now: () => now,
      wanted: () => wanted,
      merge: merge ?? (() => wanted),
    });
  };

  const attributesNow = existing?.attributes ?? {};
  const { attributes: wanted } = readAttributes({
    attributePayload: { attributes: properties["AttributePayload"] ?? {} },
  });
  const attributes = choose("AttributePayload", attributesNow, wanted, isSame(attributesNow, wanted), () => ({
    ...attributesNow,
    ...wanted,
  }));
  const typeNow = existing?.thingTypeName;
  const wantedType = optionalString(properties, "ThingTypeName");
  const thingTypeName = choose("ThingTypeName", typeNow, wantedType, typeNow === wantedType);
  checkThing(world, { thingName, thingTypeName, attributes }, typeNow);

  const groupsNow = [...(existing?.groups ?? [])]
    .filter((name) => isStatic(existingGroup(world, name)))
    .sort();
  const wantedGroups = [...new Set(readGroups(properties))].sort();
  for (const name of wantedGroups) checkKind(existingGroup(world, name), "static");
  const groups = choose("ThingGroups", groupsNow, wantedGroups, isSame(groupsNow, wantedGroups), () => [
    ...new Set([...groupsNow, ...wantedGroups]),
  ]);
  const leaving = [...(existing?.groups ?? [])].filter(
    (name) => world.groupDeletions?.has(name) && !groupsNow.includes(name),
  );
  if (groups.length + leaving.length > GROUPS_OF_A_THING_MAX) {
    throw invalidRequest(`Thing ${thingName} would be in more than ${GROUPS_OF_A_THING_MAX} thing groups`);
  }
  const addGroups = groups.filter((name) => !groupsNow.includes(name));
  for (const name of addGroups) checkStays(world, existingGroup(world, name));
  return {
    thingName,
    thingTypeName,
    attributes,
    addGroups,
    removeGroups: groupsNow.filter((name) => !groups.includes(name)),
  };
}

function isStatic({ queryString }: Readonly<ThingGroup>): boolean {
  return queryString === undefined;
}

/** Creates the thing, or changes what differs. Throws nothing if the world is as `planThing` found it. */
export function applyThing(context: RegistryContext, plan: PlannedThing): void {
  const { thingName, thingTypeName, attributes, addGroups, removeGroups } = plan;
  const existing = context.world.things.get(thingName);
  if (existing === undefined) {
    createThing(context, { thingName, thingTypeName, attributes });
  } else if (existing.thingTypeName !== thingTypeName || !isSame(existing.attributes, attributes)) {
    updateThing(context, { thingName, thingTypeName, attributes, merge: false, removeThingType: false });
  }
  if (addGroups.length === 0 && removeGroups.length === 0) return;
  updateGroupsOfThing(context, {
    thingName,
    add: addGroups,
    remove: removeGroups,
    overrideDynamicGroups: true,
  });
}

function readGroups(properties: Members): string[] {
  return properties["ThingGroups"] === undefined ? [] : requiredStrings(properties, "ThingGroups");
}

/** AWS does not document the default; here a template without a setting replaces nothing by accident. */
function readOverride(settings: Members, property: string, canMerge: boolean): Override {
  const setting = optionalChoice(settings, property, OVERRIDES) ?? "FAIL";
  if (setting === "MERGE" && !canMerge) throw invalidRequest(`MERGE is not valid for ${property}`);
  return setting;
}

function override<T>(
  thingName: string,
  property: string,
  setting: Override,
  values: { now: () => T; wanted: () => T; merge: () => T },
): T {
  switch (setting) {
    case "DO_NOTHING":
      return values.now();
    case "REPLACE":
      return values.wanted();
    case "MERGE":
      return values.merge();
    case "FAIL": {
      const message = `Thing ${thingName} exists with another ${property}, and OverrideSettings do not allow to change it`;
      throw new AwsError("ResourceConflictsException", 409, message);
    }
  }
}

function isSame(a: unknown, b: unknown): boolean {
  const canonical = (value: unknown) =>
    JSON.stringify(typeof value === "object" && value !== null ? Object.entries(value).sort() : value);
  return canonical(a) === canonical(b);
}
