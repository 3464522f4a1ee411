import { iotArn } from "../account.js";
import { notFound } from "../errors.js";
import { listOf } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import type { InOrder } from "../listing/list-index.js";
import type { RegistryContext } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import type { RequestMark } from "./request-mark.js";

/** The registry and the software packages. */
export interface PackageWorld extends Registry {
  /** By name. Absent until the first package. */
  packages?: ReadonlyMap<string, SoftwarePackage>;
  packageConfiguration?: VersionUpdateByJobs;
}

/** Whether Jobs writes the installed version to the shadow `$package` of a thing. */
interface VersionUpdateByJobs {
  enabled?: boolean;
  /** ARN of the role that AWS needs for that; the stand-in needs none. */
  roleArn?: string;
}

export interface SoftwarePackage {
  packageName: string;
  sequence: number;
  description?: string;
  defaultVersionName?: string;
  tags: Record<string, string>;
  createdAtMs: number;
  lastModifiedAtMs: number;
  /** By name, oldest first. */
  versions: ReadonlyMap<string, PackageVersion>;
  createdBy?: RequestMark;
}

export interface PackageVersion {
  packageName: string;
  versionName: string;
  sequence: number;
  description?: string;
  attributes: Record<string, string>;
  artifact?: S3Location;
  /** A job document that people can deploy the version with. */
  recipe?: string;
  status: PackageVersionStatus;
  tags: Record<string, string>;
  createdAtMs: number;
  lastModifiedAtMs: number;
  createdBy?: RequestMark;
  /** The last update, which a client may repeat. */
  updatedBy?: RequestMark;
}

type PackageVersionStatus = "DRAFT" | "PUBLISHED" | "DEPRECATED";

export interface S3Location {
  bucket: string;
  key: string;
  version?: string;
}

/** A running command as the software packages see it. */
export interface PackageContext extends RegistryContext {
  world: PackageWorld;
}

export function packageArn(world: Readonly<Registry>, packageName: string): string {
  return iotArn(world.region, `package/${packageName}`);
}

export function versionArn(
  world: Readonly<Registry>,
  { packageName, versionName }: Pick<PackageVersion, "packageName" | "versionName">,
): string {
  return iotArn(world.region, `package/${packageName}/version/${versionName}`);
}

/** @throws {AwsError} ResourceNotFound */
export function existingPackage(world: Readonly<PackageWorld>, packageName: string): SoftwarePackage {
  const found = world.packages?.get(packageName);
  if (found === undefined) throw notFound(`Package ${packageName} does not exist.`);
  return found;
}

/** @throws {AwsError} ResourceNotFound */
export function existingVersion(
  world: Readonly<PackageWorld>,
  { packageName, versionName }: Pick<PackageVersion, "packageName" | "versionName">,
): PackageVersion {
  const found = world.packages?.get(packageName)?.versions.get(versionName);
  if (found === undefined) throw notFound(`Version ${versionName} of package ${packageName} does not exist.`);
  return found;
}

/** Returns the package or version with this name from an ARN: `<package>` or `<package>/version/<version>`. */
export function packageOrVersion(world: Readonly<PackageWorld>, name: string) {
  const [packageName = "", versionName] = name.split("/version/");
  if (versionName === undefined) return existingPackage(world, packageName);
  return existingVersion(world, { packageName, versionName });
}

const byStatus = keyKind<PackageVersion>(({ status }) => [status]);

/** Returns the versions of a package, of one status or of all; none if there is no such package. */
export function listPackageVersions(
  { packages }: PackageWorld,
  packageName: string,
  status: PackageVersionStatus | undefined,
): InOrder<PackageVersion> {
  const versions = listOf(packages?.get(packageName)?.versions ?? new Map<string, PackageVersion>());
  return status === undefined ? versions : versions.withKey(byStatus, status);
}
