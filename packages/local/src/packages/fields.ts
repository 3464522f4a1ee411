import { invalidRequest } from "../errors.js";
import {
  checkString,
  type Members,
  optionalObject,
  optionalString,
  refuseUnknownMembers,
  requiredString,
  type StringRule,
} from "../rest/fields.js";
import type { S3Location } from "./package.js";

// Source of the patterns and limits: API model of iot 2015-05-28.

const NAME = { pattern: /^[a-zA-Z0-9-_.]+$/, patternText: "[a-zA-Z0-9-_.]+" };
const PACKAGE_NAME: StringRule = { max: 128, ...NAME };
const VERSION_NAME: StringRule = { max: 64, ...NAME };
const TEXT = { pattern: /^[^\p{C}]*$/u, patternText: "[^\\p{C}]+" };
const DESCRIPTION: StringRule = { min: 0, max: 1024, ...TEXT };
const ATTRIBUTE_KEY: StringRule = { pattern: /^[a-zA-Z0-9:_-]+$/, patternText: "[a-zA-Z0-9:_-]+" };
const RECIPE: StringRule = { max: 3072 };
const CLIENT_TOKEN: StringRule = { min: 36, max: 64, pattern: /^\S+$/, patternText: "\\S{36,64}" };
const TAG_KEY: StringRule = {
  max: 128,
  pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u,
  patternText: "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$",
};
const TAGS_MAX = 50;

/** @throws {AwsError} InvalidRequest */
export function readPackageName(members: Members): string {
  return requiredString(members, "packageName", PACKAGE_NAME);
}

/** Reads the names of a version and its package. @throws {AwsError} InvalidRequest */
export function readVersionId(members: Members): { packageName: string; versionName: string } {
  return {
    packageName: readPackageName(members),
    versionName: requiredString(members, "versionName", VERSION_NAME),
  };
}

/** @throws {AwsError} InvalidRequest */
export function readDefaultVersionName(members: Members): string | undefined {
  return optionalString(members, "defaultVersionName", VERSION_NAME);
}

/** @throws {AwsError} InvalidRequest */
export function readDescription(members: Members): string | undefined {
  return optionalString(members, "description", DESCRIPTION);
}

/** @throws {AwsError} InvalidRequest */
export function readClientToken(query: Members): string | undefined {
  return optionalString(query, "clientToken", CLIENT_TOKEN);
}

/** Reads `tags`, a map, unlike the list of other resources. @throws {AwsError} InvalidRequest */
export function readTagMap(members: Members): Record<string, string> {
  const tags = optionalObject(members, "tags") ?? {};
  const names = Object.keys(tags);
  if (names.length > TAGS_MAX) throw invalidRequest(`tags must have at most ${TAGS_MAX} members`);
  return Object.fromEntries(
    names.map((name): [string, string] => [
      checkString(name, "tags.key", TAG_KEY),
      requiredString(tags, name, { min: 0, max: 256 }),
    ]),
  );
}

/** Reads what describes the content of a version. @throws {AwsError} InvalidRequest */
export function readVersionContent(members: Members) {
  return {
    description: readDescription(members),
    attributes: readAttributes(members),
    artifact: readArtifact(members),
    recipe: optionalString(members, "recipe", RECIPE),
  };
}

function readAttributes(members: Members): Record<string, string> | undefined {
  const attributes = optionalObject(members, "attributes");
  if (attributes === undefined) return undefined;
  return Object.fromEntries(
    Object.keys(attributes).map((key): [string, string] => [
      checkString(key, "attributes.key", ATTRIBUTE_KEY),
      requiredString(attributes, key, TEXT),
    ]),
  );
}

function readArtifact(members: Members): S3Location | undefined {
  const artifact = optionalObject(members, "artifact");
  if (artifact === undefined) return undefined;
  refuseUnknownMembers("artifact", artifact, ["s3Location"]);
  const location = optionalObject(artifact, "s3Location");
  if (location === undefined) return undefined;
  refuseUnknownMembers("artifact.s3Location", location, ["bucket", "key", "version"]);
  const version = optionalString(location, "version");
  return {
    bucket: requiredString(location, "bucket"),
    key: requiredString(location, "key"),
    ...(version !== undefined && { version }),
  };
}
