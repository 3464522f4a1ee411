import type { ShadowId } from "@fota/shared";
import { THING_NAME } from "../registry/fields.js";
import { type Members, optionalString, requiredString, type StringRule } from "../rest/fields.js";

/** Source: API model iot-data 2015-05-28, ShadowName. */
export const SHADOW_NAME: StringRule = {
  max: 64,
  pattern: /^[$a-zA-Z0-9:_-]+$/,
  patternText: "[$a-zA-Z0-9:_-]+",
};

/** Checks the names of a shadow. @throws {AwsError} InvalidRequest */
export function readShadowId(id: { thingName?: string; shadowName?: string | undefined }): ShadowId {
  const thingName = readThingName(id);
  const shadowName = optionalString(id, "shadowName", SHADOW_NAME);
  return shadowName === undefined ? { thingName } : { thingName, shadowName };
}

/** @throws {AwsError} InvalidRequest */
export function readThingName(members: Members): string {
  return requiredString(members, "thingName", THING_NAME);
}
