/** Reads managed and custom fields. Source: AWS IoT Developer Guide, "Managing fleet indexing", "Manage thing indexing". */
import { invalidRequest } from "../../errors.js";
import {
  type Members,
  optionalChoice,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
} from "../../rest/fields.js";
import { ALL_THING_FIELDS, FIELD_TYPES, type ThingIndexing, type TypedField } from "../../search/indexing.js";

const CUSTOM_FIELDS_MAX = 5;
const CUSTOM_FIELD = /^(attributes|shadow\.(?:name\.([^.]+)\.)?(?:desired|reported))\.\S+$/;

/** AWS accepts managed fields in a request, but takes nothing from them. @throws {AwsError} InvalidRequest */
export function checkManagedFields(
  configuration: string,
  members: Members,
  known: readonly TypedField[],
): void {
  const fields = listOf(members, "managedFields").map((field) => asMembers(field, "managedFields"));
  const invalid = fields.filter(
    ({ name, type }) => !known.some((field) => field.name === name && field.type === type),
  );
  if (invalid.length === 0) return;
  const list = invalid.map(({ name, type }) => `name:${name}, type:${type}`).join(", ");
  throw invalidRequest(
    `Only managed fields with expected types are allowed in ${configuration}.managedFields. Invalid field(s): [${list}]`,
  );
}

/** Reads `customFields`. @throws {AwsError} InvalidRequest */
export function readCustomFields(members: Members): TypedField[] {
  const fields = listOf(members, "customFields").map((field) => {
    const inner = asMembers(field, "customFields");
    refuseUnknownMembers("customFields", inner, ["name", "type"]);
    const name = optionalString(inner, "name");
    const type = optionalChoice(inner, "type", FIELD_TYPES);
    if (name === undefined) throw invalidRequest("Custom field name cannot be null");
    if (type === undefined) {
      throw invalidRequest(`Invalid field type: null. Expecting one of [${FIELD_TYPES.join(", ")}]`);
    }
    return { name, type };
  });
  if (fields.length > CUSTOM_FIELDS_MAX) {
    throw invalidRequest(
      `customFields has ${fields.length} fields, at most ${CUSTOM_FIELDS_MAX} are allowed`,
    );
  }
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw invalidRequest(`customFields has ${name} twice`);
    names.add(name);
  }
  return fields;
}

/** Refuses custom fields that these settings do not index. @throws {AwsError} InvalidRequest */
export function checkCustomFields(settings: ThingIndexing): void {
  for (const { name } of settings.customFields) {
    if (ALL_THING_FIELDS.some((field) => field.name === name)) {
      throw invalidRequest(`Defined field is a reserved field for MULTI_INDEXING_MODE. Field: ${name}`);
    }
    const [, source, shadowName] = CUSTOM_FIELD.exec(name) ?? [];
    if (source === undefined) throw invalidCustomField(name);
    if (source === "attributes") continue;
    const isIndexed =
      shadowName === undefined
        ? settings.thingIndexingMode === "REGISTRY_AND_SHADOW"
        : settings.namedShadowIndexingMode === "ON" && settings.namedShadowNames.includes(shadowName);
    if (!isIndexed) throw invalidRequest(`Custom field ${name} is not indexed by these settings`);
  }
}

export function invalidCustomField(name: string) {
  return invalidRequest(
    `${name} is not a valid custom field: its name is that of an attribute or of a value in desired or reported of a shadow`,
  );
}

/** Returns a list, empty if it is absent. @throws {AwsError} InvalidRequest */
export function listOf(members: Members, name: string): unknown[] {
  const value = members[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidRequest(`Member ${name} must be a list`);
  return value;
}

/** @throws {AwsError} InvalidRequest */
export function asMembers(value: unknown, name: string): Members {
  return optionalObject({ [name]: value }, name) ?? {};
}
