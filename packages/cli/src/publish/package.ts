import { FotaError, isFotaError } from "@fota/shared";
import { byObject } from "../aws/image-object.js";
import { findImage } from "../aws/images.js";
import type { Iot } from "../aws/iot.js";
import {
  createPackage,
  createPackageVersion,
  deletePackage,
  deletePackageVersion,
  findPackageVersion,
  hasPackage,
  type PackageArtifact,
  type PackageVersion,
  type PackageVersionId,
  packageVersionArn,
  parsePackageVersionArn,
  publishPackageVersion,
  recordsVersions,
} from "../aws/packages.js";
import type { S3 } from "../aws/s3.js";
import type { JobSpec } from "../job/job-spec.js";
import { packageVersionOf } from "../job/package-name.js";
import type { PlannedImage } from "./plan.js";

/** Holds the software package versions of a job, and what a publish does about its own. */
export interface PackagePlan {
  /** ARNs of the versions; AWS IoT records them for each thing that succeeds. */
  arns: string[];
  /** The version of a publish with `--package`. */
  version: PlannedVersion | undefined;
  warnings: string[];
}

interface PlannedVersion extends PackageVersionId {
  /** What the version says about the images. */
  attributes: Record<string, string>;
  /** What exists: nothing, only the package, a version that is DRAFT, or the version. */
  found: "nothing" | "package" | "draft" | "version";
}

/**
 * Plans the software package of a publish, or keeps the versions that an earlier job installs; reads only.
 * @throws {FotaError} PACKAGE_DIFFERS if the version exists for another image
 */
export async function planPackages(
  iot: Iot,
  spec: Pick<JobSpec, "packageName" | "packageArns" | "fwVersion" | "model">,
  { images, besideArn }: { images: readonly PlannedImage[]; besideArn: string },
): Promise<PackagePlan> {
  const id = packageVersionOf(spec);
  if (id === undefined) return { arns: [...spec.packageArns], version: undefined, warnings: [] };
  const attributes = attributesOf(images, spec.model);
  const existing = await findPackageVersion(iot, id);
  if (existing !== undefined) checkSame(id, attributes, existing);
  const found =
    existing !== undefined
      ? existing.status === "DRAFT"
        ? "draft"
        : "version"
      : (await hasPackage(iot, id.packageName))
        ? "package"
        : "nothing";
  return {
    arns: [packageVersionArn(besideArn, id)],
    version: { ...id, attributes: { ...existing?.attributes, ...attributes }, found },
    warnings: [
      ...(existing === undefined ? [] : warningsOf(id, attributes, existing)),
      ...(await recordingWarnings(iot, id.packageName)),
    ],
  };
}

/** Checks that the versions that a job installs still exist. @throws {FotaError} PACKAGE_NOT_FOUND */
export async function checkPackageVersions(iot: Iot, arns: readonly string[]): Promise<void> {
  for (const arn of arns) {
    const id = parsePackageVersionArn(arn);
    if (id === undefined || id.versionName.startsWith("$")) continue; // $null: the job uninstalls the package
    if ((await findPackageVersion(iot, id)) !== undefined) continue;
    throw new FotaError(
      "PACKAGE_NOT_FOUND",
      `there is no version ${id.versionName} of package ${id.packageName}`,
      { hint: `publish the image again with --package ${id.packageName}: fota creates the version` },
    );
  }
}

/** Returns the digest of the image, or one for each slot if they differ, and the model. */
function attributesOf(images: readonly PlannedImage[], model: string | undefined): Record<string, string> {
  const isSame = byObject(images).length === 1;
  const digests = images.map(({ slot, image }): [string, string] => [
    isSame ? "sha256" : `sha256-slot-${slot}`,
    image.sha256,
  ]);
  return { ...Object.fromEntries(digests), ...(model !== undefined && { model }) };
}

/** @throws {FotaError} PACKAGE_DIFFERS if a version is for another image or model */
function checkSame(
  { packageName, versionName }: PackageVersionId,
  wanted: Readonly<Record<string, string>>,
  { attributes }: PackageVersion,
): void {
  const isDigest = (name: string) => name === "sha256" || name.startsWith("sha256-slot-");
  const digestsDiffer =
    Object.keys(attributes).some(isDigest) &&
    Object.entries({ ...attributes, ...wanted }).some(
      ([name]) => isDigest(name) && attributes[name] !== wanted[name],
    );
  const { model } = attributes;
  const modelDiffers = model !== undefined && wanted["model"] !== undefined && model !== wanted["model"];
  if (!digestsDiffer && !modelDiffers) return;
  const what = digestsDiffer ? "another image" : `model ${model}`;
  throw new FotaError(
    "PACKAGE_DIFFERS",
    `version ${versionName} of package ${packageName} exists already, for ${what}`,
    { hint: "give this firmware a version of its own: --fw-version" },
  );
}

function warningsOf(
  { packageName, versionName }: PackageVersionId,
  wanted: Readonly<Record<string, string>>,
  { attributes, status }: PackageVersion,
): string[] {
  const name = `version ${versionName} of package ${packageName}`;
  const isUnknown = !Object.keys(wanted).some((key) => key.startsWith("sha256") && key in attributes);
  return [
    ...(status === "DEPRECATED" ? [`${name} is DEPRECATED`] : []),
    ...(status !== "DRAFT" && isUnknown
      ? [`${name} has no digest of its image: fota cannot tell whether it is this one`]
      : []),
  ];
}

/** Says what this run made of a package, so that a failure can remove or name it. */
export interface MadePackage {
  package: boolean;
  version: boolean;
}

/** Warns if AWS IoT does not record what jobs install. Without permission to read that, there is no warning. */
async function recordingWarnings(iot: Iot, packageName: string): Promise<string[]> {
  try {
    if (await recordsVersions(iot)) return [];
  } catch (error) {
    if (isFotaError(error, "ACCESS_DENIED") || isFotaError(error, "AWS_ERROR")) return [];
    throw error;
  }
  const command = `fota doctor --package ${packageName}`;
  return [`AWS IoT does not record package versions; \`${command}\` says how to turn that on`];
}

/**
 * Makes the package and the version, which stays DRAFT, before anything is uploaded: a missing permission shows before
 * that. After a failure, it removes what it made, if it may; `made` says what is left.
 * @throws {FotaError} PACKAGE_DIFFERS if another command made the version for another image meanwhile
 */
export async function makePackage(
  iot: Iot,
  version: PlannedVersion | undefined,
  made: MadePackage,
): Promise<void> {
  if (version === undefined || version.found === "version" || version.found === "draft") return;
  const { packageName, attributes, found } = version;
  if (found === "nothing") made.package = await createPackage(iot, packageName);
  try {
    made.version = await createPackageVersion(iot, version, attributes);
    if (!made.version) await checkOther(iot, version);
  } catch (error) {
    await removePackage(iot, version, made);
    throw error;
  }
}

/**
 * Publishes the version, so that a job can install it, with its image as the artifact if the bucket keeps versions. If a
 * permission for that is missing, it removes what this run made, if it may; `made` says what is left.
 * @throws {FotaError} PACKAGE_DIFFERS as `makePackage` does
 */
export async function publishPackage(
  { iot, s3 }: { iot: Iot; s3: S3 },
  { version, images }: { version: PlannedVersion | undefined; images: readonly PlannedImage[] },
  made: MadePackage,
): Promise<void> {
  if (version === undefined || version.found === "version") return;
  const artifact = await artifactOf(s3, images);
  try {
    if (!(await publishPackageVersion(iot, version, version.attributes, artifact)))
      await checkOther(iot, version);
  } catch (error) {
    if (isFotaError(error, "ACCESS_DENIED")) await removePackage(iot, version, made);
    throw error;
  }
}

/** Names what this run made and did not remove. */
export function namesOfMade(version: PlannedVersion | undefined, made: MadePackage): string[] {
  if (version === undefined) return [];
  const name = `package ${version.packageName}`;
  return [
    ...(made.package ? [name] : []),
    ...(made.version ? [`version ${version.versionName} of ${name}`] : []),
  ];
}

/** Compares with the version that another command made or published meanwhile. @throws {FotaError} PACKAGE_DIFFERS */
async function checkOther(iot: Iot, version: PlannedVersion): Promise<void> {
  const other = await findPackageVersion(iot, version);
  if (other !== undefined) checkSame(version, version.attributes, other);
}

/** Removes what this run made, if it may, except for a version that another command has published meanwhile. */
async function removePackage(iot: Iot, version: PlannedVersion, made: MadePackage): Promise<void> {
  try {
    if (made.version) {
      const found = await findPackageVersion(iot, version);
      if (found !== undefined && found.status !== "DRAFT") return;
      await deletePackageVersion(iot, version);
      made.version = false;
    }
    if (!made.package) return;
    await deletePackage(iot, version.packageName);
    made.package = false;
  } catch (error) {
    if (!isFotaError(error)) throw error; // the error of the command explains more than that of the cleanup
  }
}

/** Returns where the image is, if it is one object in a bucket that keeps versions: AWS IoT reads it by its version. */
async function artifactOf(s3: S3, images: readonly PlannedImage[]): Promise<PackageArtifact | undefined> {
  const [first, ...others] = byObject(images);
  if (first === undefined || others.length > 0) return undefined;
  const [{ object }] = first;
  const found = await findImage(s3, object).catch((error: unknown) => {
    if (isFotaError(error, "ACCESS_DENIED")) return undefined; // the role may read the image, and fota may not
    throw error;
  });
  const version = found?.versionId;
  return version === undefined ? undefined : { ...object, version };
}
