import { ACCOUNT_ID } from "../account.js";
import { invalidRequest, notFound } from "../errors.js";
import { existingPackage, existingVersion, type PackageVersion, versionArn } from "../packages/package.js";
import type { JobPackages } from "./job.js";
import { substitutePackages } from "./package-placeholders.js";
import type { World } from "./world.js";

/** Instead of a version: the package's default version. */
const DEFAULT_VERSION = "$default";
/** Instead of a version: the job uninstalls the package. */
export const NO_VERSION = "$null";

/** A version that a job installs, as its ARN has it. */
export interface Destination {
  packageName: string;
  /** A name, `$default` or `$null`. */
  versionName: string;
}

/**
 * Parses an ARN of `destinationPackageVersions` without checking whether the version exists.
 * @throws {AwsError} InvalidRequest
 */
export function parseDestination(world: World, arn: string): Destination {
  const match =
    /^arn:aws[a-z-]*:iot:([a-z0-9-]+):(\d{12}):package\/([\w.-]{1,128})\/version\/([\w.-]{1,64}|\$default|\$null)$/.exec(
      arn,
    );
  const [, region, account, packageName = "", versionName] = match ?? [];
  if (versionName === undefined)
    throw invalidRequest(`Invalid package version: ${arn} is not the ARN of a package version`);
  if (region !== world.region || account !== ACCOUNT_ID) {
    throw invalidRequest(
      `Invalid package version: ${arn} is not in region ${world.region} and account ${ACCOUNT_ID} of this stand-in`,
    );
  }
  return { packageName, versionName };
}

/** Parses the ARNs of one request. @throws {AwsError} InvalidRequest, also for two versions of one package */
export function parseDestinations(world: World, arns: readonly string[]): Destination[] {
  if (arns.length === 0) return [];
  const destinations = arns.map((arn) => parseDestination(world, arn));
  const names = new Set<string>();
  for (const { packageName } of destinations) {
    if (names.has(packageName))
      throw invalidRequest(`destinationPackageVersions has two versions of package ${packageName}`);
    names.add(packageName);
  }
  return destinations;
}

/**
 * Fills in the versions of a new job and the placeholders of packages in its document.
 * @throws {AwsError} ResourceNotFound; InvalidRequest, also for a version that is still DRAFT
 */
export function fillInPackages(
  world: World,
  { document, arns, hasRole }: { document: string; arns: readonly string[]; hasRole: boolean },
): { document: string; packages?: JobPackages } {
  const destinations = parseDestinations(world, arns);
  const installs = destinations.map((destination) => {
    if (destination.versionName === NO_VERSION) return versionArn(world, destination);
    const version = versionOf(world, destination);
    if (version.status !== "DRAFT") return versionArn(world, version);
    throw invalidRequest(
      `Version ${version.versionName} of package ${version.packageName} is DRAFT, but must be PUBLISHED or DEPRECATED`,
    );
  });
  const filled = substitutePackages(document, { destinations, hasRole }, (destination) =>
    versionOf(world, destination),
  );
  if (arns.length === 0) return { document: filled };
  const givenDocument = filled === document ? undefined : document;
  return {
    document: filled,
    packages: { installs, given: [...arns], ...(givenDocument !== undefined && { givenDocument }) },
  };
}

/** Finds a version, also the default one. @throws {AwsError} ResourceNotFound */
function versionOf(world: World, { packageName, versionName }: Destination): PackageVersion {
  if (versionName !== DEFAULT_VERSION) return existingVersion(world, { packageName, versionName });
  const { defaultVersionName } = existingPackage(world, packageName);
  if (defaultVersionName === undefined) throw notFound(`Package ${packageName} has no default version.`);
  return existingVersion(world, { packageName, versionName: defaultVersionName });
}
