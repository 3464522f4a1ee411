import { conflict, invalidRequest } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { nextSequence } from "../registry/context.js";
import { WatchedMap } from "../state/watched-map.js";
import { existingPackage, existingVersion, type PackageContext, type SoftwarePackage } from "./package.js";
import { isRepetition, markOf } from "./request-mark.js";

export interface CreatePackageInput {
  packageName: string;
  description?: string | undefined;
  tags: Record<string, string>;
  clientToken?: string | undefined;
}

/** Creates a package without versions. @throws {AwsError} Conflict */
export function createPackage(context: PackageContext, input: CreatePackageInput): Readonly<SoftwarePackage> {
  const { world, nowMs } = context;
  const { packageName, description, tags } = input;
  const createdBy = markOf(input);
  const existing = world.packages?.get(packageName);
  if (existing !== undefined) {
    if (isRepetition(createdBy, existing.createdBy)) return existing;
    throw conflict(`Package ${packageName} already exists.`, packageName);
  }
  const created: SoftwarePackage = {
    packageName,
    sequence: nextSequence(world),
    ...(description !== undefined && { description }),
    tags,
    createdAtMs: nowMs,
    lastModifiedAtMs: nowMs,
    versions: new Map(),
    ...(createdBy !== undefined && { createdBy }),
  };
  world.packages ??= new WatchedMap();
  put(world.packages, packageName, created);
  return created;
}

export interface UpdatePackageInput {
  packageName: string;
  description?: string | undefined;
  defaultVersionName?: string | undefined;
  unsetDefaultVersion: boolean;
}

/**
 * Changes what is given. A default version must be published or deprecated. Source: AWS IoT Developer Guide, "Preparing to
 * use Software Package Catalog".
 * @throws {AwsError} ResourceNotFound, Conflict, InvalidRequest
 */
export function updatePackage(context: PackageContext, input: UpdatePackageInput): void {
  const { packageName, description, defaultVersionName, unsetDefaultVersion } = input;
  const found = existingPackage(context.world, packageName);
  if (defaultVersionName !== undefined) {
    if (unsetDefaultVersion)
      throw invalidRequest("defaultVersionName cannot be set while unsetDefaultVersion is true");
    const { status } = existingVersion(context.world, { packageName, versionName: defaultVersionName });
    if (status === "DRAFT")
      throw conflict(
        `Version ${defaultVersionName} is DRAFT and cannot be the default version`,
        defaultVersionName,
      );
    found.defaultVersionName = defaultVersionName;
  }
  if (unsetDefaultVersion) delete found.defaultVersionName;
  if (description !== undefined) found.description = description;
  found.lastModifiedAtMs = context.nowMs;
}

/**
 * Deletes a package without versions. Deleting one that does not exist is not an error: the API model has none for it.
 * @throws {AwsError} InvalidRequest
 */
export function deletePackage({ world }: PackageContext, { packageName }: { packageName: string }): void {
  const { size = 0 } = world.packages?.get(packageName)?.versions ?? {};
  if (size > 0)
    throw invalidRequest(`Package ${packageName} still has ${size} versions, which must be deleted first`);
  if (world.packages !== undefined) remove(world.packages, packageName);
}

export interface UpdatePackageConfigurationInput {
  enabled?: boolean | undefined;
  roleArn?: string | undefined;
}

/** Changes what is given. @throws {AwsError} InvalidRequest if updates are enabled without a role */
export function updatePackageConfiguration(
  { world }: PackageContext,
  { enabled, roleArn }: UpdatePackageConfigurationInput,
): void {
  const configuration = {
    ...world.packageConfiguration,
    ...(enabled !== undefined && { enabled }),
    ...(roleArn !== undefined && { roleArn }),
  };
  if (configuration.enabled === true && configuration.roleArn === undefined)
    throw invalidRequest("versionUpdateByJobsConfig.roleArn is required to enable version updates by jobs");
  world.packageConfiguration = configuration;
}
