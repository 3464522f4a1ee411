/**
 * What the index has. Source: AWS IoT Developer Guide, "Manage thing indexing", "Manage thing group indexing" and "Managing
 * fleet indexing".
 */
import { invalidRequest, notFound, notSupported } from "../errors.js";
import type { ShadowWorld } from "../shadows/shadow.js";

export const THINGS_INDEX = "AWS_Things";
export const THING_GROUPS_INDEX = "AWS_ThingGroups";
/** The only version of the query language. */
export const QUERY_VERSION = "2017-09-30";

export const THING_INDEXING_MODES = ["OFF", "REGISTRY", "REGISTRY_AND_SHADOW"] as const;
export const FIELD_TYPES = ["Number", "String", "Boolean"] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** A field with the type that aggregations read it as. */
export interface TypedField {
  name: string;
  type: FieldType;
}

/** A shadow field with coordinates. It is kept as the request has it; geoqueries are refused. */
export interface GeoLocation {
  name: string;
  order: "LatLon" | "LonLat";
}

/** The settings of the index of things, except connectivity. */
export interface ThingIndexing {
  thingIndexingMode: (typeof THING_INDEXING_MODES)[number];
  namedShadowIndexingMode: "OFF" | "ON";
  /** The named shadows that are indexed while `namedShadowIndexingMode` is ON. */
  namedShadowNames: readonly string[];
  geoLocations: readonly GeoLocation[];
  customFields: readonly TypedField[];
}

/** The settings of the index of thing groups. */
export interface ThingGroupIndexing {
  thingGroupIndexingMode: "OFF" | "ON";
  customFields: readonly TypedField[];
}

/** The registry, the shadows, and what of them is indexed. */
export interface SearchWorld extends ShadowWorld {
  /** What UpdateIndexingConfiguration has set; absent until then. Connectivity has its own members. */
  indexing?: { things?: ThingIndexing; thingGroups?: ThingGroupIndexing };
}

/**
 * The settings until they are set. At AWS, indexing is off then. Here everything is indexed that can be, including the
 * shadow `fota` that agents report and the shadow of AWS's Software Package Catalog.
 */
const DEFAULT_THING_INDEXING: ThingIndexing = {
  thingIndexingMode: "REGISTRY_AND_SHADOW",
  namedShadowIndexingMode: "ON",
  namedShadowNames: ["fota", "$package"],
  geoLocations: [],
  customFields: [
    { name: "shadow.name.fota.reported.version", type: "String" },
    { name: "shadow.name.fota.reported.model", type: "String" },
  ],
};

const REGISTRY_FIELDS: readonly TypedField[] = [
  { name: "thingName", type: "String" },
  { name: "thingId", type: "String" },
  { name: "registry.version", type: "Number" },
  { name: "registry.thingTypeName", type: "String" },
  { name: "registry.thingGroupNames", type: "String" },
];
const SHADOW_FIELDS: readonly TypedField[] = [
  { name: "shadow.version", type: "Number" },
  { name: "shadow.hasDelta", type: "Boolean" },
];
const NAMED_SHADOW_FIELDS: readonly TypedField[] = [
  { name: "shadow.name.*.version", type: "Number" },
  { name: "shadow.name.*.hasDelta", type: "Boolean" },
];
const CONNECTIVITY_FIELDS: readonly TypedField[] = [
  { name: "connectivity.connected", type: "Boolean" },
  { name: "connectivity.timestamp", type: "Number" },
  { name: "connectivity.version", type: "Number" },
  { name: "connectivity.disconnectReason", type: "String" },
];
export const THING_GROUP_FIELDS: readonly TypedField[] = [
  { name: "thingGroupName", type: "String" },
  { name: "thingGroupId", type: "String" },
  { name: "description", type: "String" },
  { name: "parentGroupNames", type: "String" },
  { name: "version", type: "Number" },
];
/** All managed fields of things that the stand-in can have, whatever is indexed now. */
export const ALL_THING_FIELDS: readonly TypedField[] = [
  ...REGISTRY_FIELDS,
  ...SHADOW_FIELDS,
  ...NAMED_SHADOW_FIELDS,
  ...CONNECTIVITY_FIELDS,
];

export function thingIndexingOf(world: SearchWorld): ThingIndexing {
  return world.indexing?.things ?? DEFAULT_THING_INDEXING;
}

export function thingGroupIndexingOf(world: SearchWorld): ThingGroupIndexing {
  return world.indexing?.thingGroups ?? { thingGroupIndexingMode: "OFF", customFields: [] };
}

export function isConnectivityIndexed(world: SearchWorld): boolean {
  return thingIndexingOf(world).thingIndexingMode !== "OFF" && world.connectivityOff !== true;
}

export function isClassicShadowIndexed(world: SearchWorld): boolean {
  return thingIndexingOf(world).thingIndexingMode === "REGISTRY_AND_SHADOW";
}

/** Returns the names of the named shadows that are indexed. */
export function indexedShadowNames(world: SearchWorld): readonly string[] {
  const { namedShadowIndexingMode, namedShadowNames } = thingIndexingOf(world);
  return namedShadowIndexingMode === "ON" ? namedShadowNames : [];
}

/** Returns the fields that are indexed without being asked for, and their types. */
export function managedThingFields(world: SearchWorld): TypedField[] {
  if (thingIndexingOf(world).thingIndexingMode === "OFF") return [];
  return [
    ...REGISTRY_FIELDS,
    ...(isClassicShadowIndexed(world) ? SHADOW_FIELDS : []),
    ...(indexedShadowNames(world).length > 0 ? NAMED_SHADOW_FIELDS : []),
    ...(isConnectivityIndexed(world) ? CONNECTIVITY_FIELDS : []),
  ];
}

/** Returns the schema of an index. @throws {AwsError} ResourceNotFound if it is off, InvalidRequest if AWS has none */
export function schemaOf(world: SearchWorld, indexName: string): string {
  requireIndex(world, indexName, `Index ${indexName} does not exist`);
  if (indexName === THING_GROUPS_INDEX) return "THING_GROUPS";
  if (indexedShadowNames(world).length > 0) return "MULTI_INDEXING_MODE";
  const mode = thingIndexingOf(world).thingIndexingMode;
  return isConnectivityIndexed(world) ? `${mode}_AND_CONNECTIVITY_STATUS` : mode;
}

/** Returns the names of the indexes that are on. */
export function indexNames(world: SearchWorld): string[] {
  return [THINGS_INDEX, THING_GROUPS_INDEX].filter((name) => isOn(world, name));
}

/** @throws {AwsError} ResourceNotFound if the index is off, InvalidRequest if AWS has none with this name */
export function requireIndex(
  world: SearchWorld,
  indexName: string,
  offMessage = `Index ${indexName} does not exist. Please enable index by calling UpdateIndexingConfiguration`,
): void {
  if (indexName !== THINGS_INDEX && indexName !== THING_GROUPS_INDEX) {
    throw invalidRequest(`Unrecognized indexName ${indexName}`);
  }
  if (!isOn(world, indexName)) throw notFound(offMessage);
}

/** @throws {AwsError} InvalidRequest */
export function checkQueryVersion(version: string | undefined): void {
  if (version !== undefined && version !== QUERY_VERSION) {
    throw invalidRequest(`Invalid queryVersion. Expected one of: [${QUERY_VERSION}]`);
  }
}

/** @throws {AwsError} InvalidRequest for the index of groups */
export function requireThingsIndex(indexName: string): void {
  if (indexName === THING_GROUPS_INDEX) throw notSupported(`a dynamic thing group of ${indexName}`);
}

function isOn(world: SearchWorld, indexName: string): boolean {
  return indexName === THINGS_INDEX
    ? thingIndexingOf(world).thingIndexingMode !== "OFF"
    : thingGroupIndexingOf(world).thingGroupIndexingMode === "ON";
}
