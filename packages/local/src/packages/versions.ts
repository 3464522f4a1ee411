import { conflict, invalidRequest } from "../errors.js";
import { change, put, remove } from "../listing/indexes.js";
import { nextSequence } from "../registry/context.js";
import {
  existingPackage,
  existingVersion,
  type PackageContext,
  type PackageVersion,
  type S3Location,
} from "./package.js";
import { isRepetition, markOf } from "./request-mark.js";

/** Of all attributes of a version together. API model iot 2015-05-28, CreatePackageVersion. */
const ATTRIBUTES_MAX_BYTES = 3 * 1024;

interface VersionId {
  packageName: string;
  versionName: string;
}

interface VersionContent {
  description?: string | undefined;
  attributes?: Record<string, string> | undefined;
  artifact?: S3Location | undefined;
  recipe?: string | undefined;
  clientToken?: string | undefined;
}

export interface CreatePackageVersionInput extends VersionId, VersionContent {
  tags: Record<string, string>;
}

/** Creates a version in status DRAFT. @throws {AwsError} Conflict; InvalidRequest, also if there is no such package */
export function createPackageVersion(
  context: PackageContext,
  input: CreatePackageVersionInput,
): Readonly<PackageVersion> {
  const { world, nowMs } = context;
  const { packageName, versionName, description, attributes = {}, artifact, recipe, tags } = input;
  const parent = world.packages?.get(packageName);
  // CreatePackageVersion has no ResourceNotFoundException in the API model.
  if (parent === undefined) throw invalidRequest(`Package ${packageName} does not exist.`);
  const createdBy = markOf(input);
  const existing = parent.versions.get(versionName);
  if (existing !== undefined) {
    if (isRepetition(createdBy, existing.createdBy)) return existing;
    throw conflict(`Version ${versionName} of package ${packageName} already exists.`, versionName);
  }
  checkSize(attributes);
  const version: PackageVersion = {
    packageName,
    versionName,
    sequence: nextSequence(world),
    ...(description !== undefined && { description }),
    attributes,
    ...(artifact !== undefined && { artifact }),
    ...(recipe !== undefined && { recipe }),
    status: "DRAFT",
    tags,
    createdAtMs: nowMs,
    lastModifiedAtMs: nowMs,
    ...(createdBy !== undefined && { createdBy }),
  };
  put(parent.versions, versionName, version);
  return version;
}

/** PUBLISH also takes back a DEPRECATE. */
export const VERSION_ACTIONS = ["PUBLISH", "DEPRECATE"] as const;

export interface UpdatePackageVersionInput extends VersionId, VersionContent {
  action?: (typeof VERSION_ACTIONS)[number] | undefined;
}

/**
 * Changes what is given. Attributes and artifact can only change while the version is DRAFT. Source: AWS IoT Developer
 * Guide, "Preparing to use Software Package Catalog".
 * @throws {AwsError} ResourceNotFound, Conflict, InvalidRequest
 */
export function updatePackageVersion(context: PackageContext, input: UpdatePackageVersionInput): void {
  const version = existingVersion(context.world, input);
  const { versions } = existingPackage(context.world, input.packageName);
  const { description, attributes, artifact, recipe, action } = input;
  const updatedBy = markOf(input);
  if (isRepetition(updatedBy, version.updatedBy)) return;
  const status = action === undefined ? version.status : statusAfter(version, action);
  for (const [name, value] of Object.entries({ attributes, artifact })) {
    if (value !== undefined && version.status !== "DRAFT")
      throw conflict(
        `Version ${version.versionName} is ${version.status}: its ${name} can no longer change`,
        version.versionName,
      );
  }
  if (attributes !== undefined) {
    checkSize(attributes);
    version.attributes = attributes;
  }
  if (description !== undefined) version.description = description;
  if (artifact !== undefined) version.artifact = artifact;
  if (recipe !== undefined) version.recipe = recipe;
  change(versions, version, () => {
    version.status = status;
  });
  version.lastModifiedAtMs = context.nowMs;
  if (updatedBy === undefined) delete version.updatedBy;
  else version.updatedBy = updatedBy;
}

/**
 * Deletes a version in any status. Deleting one that does not exist is not an error: the API model has none for it.
 * @throws {AwsError} InvalidRequest for the default version
 */
export function deletePackageVersion(
  { world }: PackageContext,
  { packageName, versionName }: VersionId,
): void {
  const parent = world.packages?.get(packageName);
  if (parent?.defaultVersionName === versionName)
    throw invalidRequest(
      `Version ${versionName} is the default version of package ${packageName} and cannot be deleted`,
    );
  if (parent !== undefined) remove(parent.versions, versionName);
}

function statusAfter(
  { versionName, status }: Readonly<PackageVersion>,
  action: (typeof VERSION_ACTIONS)[number],
): PackageVersion["status"] {
  const after = action === "PUBLISH" ? "PUBLISHED" : "DEPRECATED";
  if (status === after || (status === "DRAFT" && action === "DEPRECATE"))
    throw conflict(`Version ${versionName} is ${status}: ${action} is not possible`, versionName);
  return after;
}

function checkSize(attributes: Readonly<Record<string, string>>): void {
  const sizeBytes = Object.entries(attributes).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (sizeBytes > ATTRIBUTES_MAX_BYTES)
    throw invalidRequest(
      `The attributes have ${sizeBytes} bytes, at most ${ATTRIBUTES_MAX_BYTES} are allowed`,
    );
}
