import { THING_NAME_MAX_LENGTH, THING_NAME_PATTERN } from "@fota/shared";
import { invalidRequest, notSupported } from "../errors.js";
import {
  checkString,
  type Members,
  optionalBoolean,
  optionalObject,
  type StringRule,
} from "../rest/fields.js";

/** Things, thing groups and thing types. Source: API model iot 2015-05-28, ThingName, ThingGroupName, ThingTypeName. */
export const THING_NAME: StringRule = {
  max: THING_NAME_MAX_LENGTH,
  pattern: THING_NAME_PATTERN,
  patternText: "[a-zA-Z0-9:_-]+",
};

/** Range of `expectedVersion` in updates. */
export const VERSION_RANGE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export const POLICY_NAME: StringRule = { max: 128, pattern: /^[\w+=,.@-]+$/, patternText: "[\\w+=,.@-]+" };

export const CERTIFICATE_ID: StringRule = {
  min: 64,
  max: 64,
  pattern: /^(0x)?[a-fA-F0-9]+$/,
  patternText: "(0x)?[a-fA-F0-9]+",
};

export const ROLE_ALIAS: StringRule = { max: 128, pattern: /^[\w=,@-]+$/, patternText: "[\\w=,@-]+" };
export const ROLE_ARN: StringRule = { min: 20, max: 2048 };

export const CERTIFICATE_PEM: StringRule = { max: 65_536 };

export const ATTRIBUTE_NAME: StringRule = { max: 128, pattern: /^[a-zA-Z0-9_.,@/:#-]+$/ };
const ATTRIBUTE_VALUE: StringRule = { min: 0, max: 800, pattern: /^[a-zA-Z0-9_.,@/:#=[\]-]*$/ };

/**
 * Reads the `attributePayload` of a thing or thing group.
 * @throws {AwsError} InvalidRequest
 */
export function readAttributes(members: Members): { attributes: Record<string, string>; merge: boolean } {
  const payload = optionalObject(members, "attributePayload");
  const attributes: [string, string][] = [];
  for (const [name, value] of Object.entries(
    payload === undefined ? {} : (optionalObject(payload, "attributes") ?? {}),
  )) {
    checkString(name, "attributePayload.attributes.key", ATTRIBUTE_NAME);
    if (typeof value !== "string") throw invalidRequest(`The value of attribute ${name} must be a string`);
    attributes.push([name, checkString(value, "attributePayload.attributes.value", ATTRIBUTE_VALUE)]);
  }
  // Without a payload, an update keeps the attributes.
  const merge = payload === undefined || optionalBoolean(payload, "merge");
  return { attributes: Object.fromEntries(attributes), merge };
}

/** Returns whether both have the same names with the same values. */
export function sameStrings(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}

/**
 * Returns the name in an ARN of this `kind`, such as `thing`, `thinggroup` or `cert`.
 * @throws {AwsError} InvalidRequest
 */
export function nameInArn(arn: string, kind: string): string {
  const match = /^arn:[^:]+:iot:[^:]*:[^:]*:([a-z]+)\/(.+)$/.exec(arn);
  const [, found, name] = match ?? [];
  if (name === undefined) throw invalidRequest(`${arn} is not an ARN of AWS IoT`);
  if (found !== kind) throw notSupported(`${arn} here, only ARNs with ${kind}/<name>`);
  return name;
}
