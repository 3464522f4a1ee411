/**
 * Reads and writes the settings of UpdateIndexingConfiguration and GetIndexingConfiguration. Source: API model iot
 * 2015-05-28; AWS IoT Developer Guide, "Manage thing indexing" and "Managing fleet indexing".
 */
import { invalidRequest, notSupported } from "../../errors.js";
import {
  type Members,
  optionalChoice,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
  requiredChoice,
  requiredString,
} from "../../rest/fields.js";
import {
  ALL_THING_FIELDS,
  type GeoLocation,
  isConnectivityIndexed,
  managedThingFields,
  type SearchWorld,
  THING_GROUP_FIELDS,
  THING_INDEXING_MODES,
  type ThingGroupIndexing,
  type ThingIndexing,
  thingGroupIndexingOf,
  thingIndexingOf,
} from "../../search/indexing.js";
import { SHADOW_NAME } from "../../shadows/fields.js";
import {
  asMembers,
  checkCustomFields,
  checkManagedFields,
  invalidCustomField,
  listOf,
  readCustomFields,
} from "./indexing-fields.js";

/** AWS General Reference, quotas of AWS IoT Device Management. */
const NAMED_SHADOWS_MAX = 10;
const GEO_LOCATIONS_MAX = 1;

const THINGS = "thingIndexingConfiguration";
const THING_GROUPS = "thingGroupIndexingConfiguration";

interface IndexingRequest {
  things?: { settings: ThingIndexing; isConnectivityIndexed: boolean };
  thingGroups?: ThingGroupIndexing;
}

/** Reads the body of UpdateIndexingConfiguration. Of two settings, either may be left out. @throws {AwsError} InvalidRequest */
export function readIndexingRequest(body: Members): IndexingRequest {
  refuseUnknownMembers("UpdateIndexingConfiguration", body, [THINGS, THING_GROUPS]);
  const things = optionalObject(body, THINGS);
  const thingGroups = optionalObject(body, THING_GROUPS);
  if (things === undefined && thingGroups === undefined) {
    throw invalidRequest(`At least one configuration to update (${THINGS} / ${THING_GROUPS}) is required`);
  }
  return {
    ...(things !== undefined && { things: readThings(things) }),
    ...(thingGroups !== undefined && { thingGroups: readThingGroups(thingGroups) }),
  };
}

/** Returns the answer of GetIndexingConfiguration. */
export function indexingAnswer(world: SearchWorld) {
  const { thingIndexingMode, namedShadowIndexingMode, namedShadowNames, geoLocations, customFields } =
    thingIndexingOf(world);
  const groups = thingGroupIndexingOf(world);
  const hasFilter = namedShadowNames.length > 0 || geoLocations.length > 0;
  return {
    [THINGS]: {
      thingIndexingMode,
      thingConnectivityIndexingMode: isConnectivityIndexed(world) ? "STATUS" : "OFF",
      deviceDefenderIndexingMode: "OFF",
      namedShadowIndexingMode,
      ...listed("managedFields", managedThingFields(world)),
      ...listed("customFields", customFields),
      ...(hasFilter && {
        filter: { ...listed("namedShadowNames", namedShadowNames), ...listed("geoLocations", geoLocations) },
      }),
    },
    [THING_GROUPS]: {
      thingGroupIndexingMode: groups.thingGroupIndexingMode,
      ...listed("managedFields", groups.thingGroupIndexingMode === "ON" ? THING_GROUP_FIELDS : []),
      ...listed("customFields", groups.customFields),
    },
  };
}

function readThings(members: Members): NonNullable<IndexingRequest["things"]> {
  refuseUnknownMembers(THINGS, members, [
    "thingIndexingMode",
    "thingConnectivityIndexingMode",
    "deviceDefenderIndexingMode",
    "namedShadowIndexingMode",
    "managedFields",
    "customFields",
    "filter",
  ]);
  // As at AWS, settings that are left out are turned off.
  const thingIndexingMode = requiredChoice(members, "thingIndexingMode", THING_INDEXING_MODES);
  const connectivity = optionalChoice(members, "thingConnectivityIndexingMode", ["OFF", "STATUS"]) ?? "OFF";
  const namedShadowIndexingMode = optionalChoice(members, "namedShadowIndexingMode", ["OFF", "ON"]) ?? "OFF";
  const defender = optionalChoice(members, "deviceDefenderIndexingMode", ["OFF", "VIOLATIONS"]);
  if (defender === "VIOLATIONS") throw notSupported("deviceDefenderIndexingMode VIOLATIONS");
  if (thingIndexingMode === "OFF") {
    if (connectivity !== "OFF") throw needsThingIndexing("ThingConnectivityIndexingMode");
    if (namedShadowIndexingMode !== "OFF") throw needsThingIndexing("NamedShadowIndexingMode");
  }
  const filter = readFilter(optionalObject(members, "filter") ?? {});
  if (namedShadowIndexingMode === "ON" && filter.namedShadowNames.length === 0) {
    throw invalidRequest("NamedShadowNames Filter must not be empty for enabling NamedShadowIndexingMode");
  }
  checkManagedFields(THINGS, members, ALL_THING_FIELDS);
  const settings = {
    thingIndexingMode,
    namedShadowIndexingMode,
    ...filter,
    customFields: readCustomFields(members),
  };
  checkCustomFields(settings);
  if (thingIndexingMode === "OFF") {
    // AWS keeps nothing of settings that turn the index off.
    const off = { ...settings, namedShadowNames: [], geoLocations: [], customFields: [] };
    return { settings: off, isConnectivityIndexed: false };
  }
  return { settings, isConnectivityIndexed: connectivity === "STATUS" };
}

function readThingGroups(members: Members): ThingGroupIndexing {
  refuseUnknownMembers(THING_GROUPS, members, ["thingGroupIndexingMode", "managedFields", "customFields"]);
  const thingGroupIndexingMode = requiredChoice(members, "thingGroupIndexingMode", ["OFF", "ON"]);
  checkManagedFields(THING_GROUPS, members, THING_GROUP_FIELDS);
  const customFields = readCustomFields(members);
  for (const { name } of customFields) {
    if (!/^attributes\.[\w.-]+$/.test(name)) throw invalidCustomField(name);
  }
  return { thingGroupIndexingMode, customFields: thingGroupIndexingMode === "ON" ? customFields : [] };
}

function readFilter(filter: Members): Pick<ThingIndexing, "namedShadowNames" | "geoLocations"> {
  refuseUnknownMembers("filter", filter, ["namedShadowNames", "geoLocations"]);
  const namedShadowNames = listOf(filter, "namedShadowNames").map(shadowNameOf);
  if (namedShadowNames.length > NAMED_SHADOWS_MAX) {
    throw invalidRequest(
      `namedShadowNames has ${namedShadowNames.length} names, at most ${NAMED_SHADOWS_MAX} are allowed`,
    );
  }
  const geoLocations = listOf(filter, "geoLocations").map((location): GeoLocation => {
    const members = asMembers(location, "geoLocations");
    refuseUnknownMembers("geoLocations", members, ["name", "order"]);
    const name = optionalString(members, "name");
    if (name === undefined) throw invalidRequest("A geolocation needs a name");
    return { name, order: optionalChoice(members, "order", ["LatLon", "LonLat"]) ?? "LatLon" };
  });
  if (geoLocations.length > GEO_LOCATIONS_MAX) {
    throw invalidRequest(
      `geoLocations has ${geoLocations.length} targets, at most ${GEO_LOCATIONS_MAX} is allowed`,
    );
  }
  return { namedShadowNames: [...new Set(namedShadowNames)], geoLocations };
}

function shadowNameOf(value: unknown): string {
  return requiredString({ namedShadowNames: value }, "namedShadowNames", SHADOW_NAME);
}

function needsThingIndexing(mode: string) {
  return invalidRequest(`ThingIndexingMode must be turned ON for enabling ${mode}`);
}

function listed<T>(name: string, items: readonly T[]): Record<string, readonly T[]> {
  return items.length === 0 ? {} : { [name]: items };
}
