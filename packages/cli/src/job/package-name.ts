import { FotaError } from "@fota/shared";
import { type PackageVersionId, parsePackageVersionArn } from "../aws/packages.js";

// Source of the limits: API model of iot 2015-05-28, PackageName and VersionName.
const NAME_PATTERN = /^[a-zA-Z0-9-_.]+$/;
const PACKAGE_NAME_MAX_LENGTH = 128;
const VERSION_NAME_MAX_LENGTH = 64;

/** Checks the name of a software package. @throws {FotaError} USAGE */
export function checkPackageName(name: string | undefined): string | undefined {
  if (name === undefined || (NAME_PATTERN.test(name) && name.length <= PACKAGE_NAME_MAX_LENGTH)) return name;
  throw new FotaError("USAGE", `--package must be the name of a package, got ${JSON.stringify(name)}`, {
    hint: `give 1 to ${PACKAGE_NAME_MAX_LENGTH} of A-Z a-z 0-9 . _ -`,
  });
}

/**
 * Returns the version of the package that a publish installs; `undefined` without a package.
 * @throws {FotaError} USAGE if there is no version of the firmware, or AWS IoT does not accept it as a name
 */
export function packageVersionOf({
  packageName,
  fwVersion,
}: {
  packageName: string | undefined;
  fwVersion: string | undefined;
}): PackageVersionId | undefined {
  if (packageName === undefined) return undefined;
  if (fwVersion === undefined) {
    throw new FotaError("USAGE", `package ${packageName} needs the version of the firmware`, {
      hint: "give --fw-version, or leave out --package (or `package` in fota.config.json)",
    });
  }
  if (NAME_PATTERN.test(fwVersion) && fwVersion.length <= VERSION_NAME_MAX_LENGTH)
    return { packageName, versionName: fwVersion };
  throw new FotaError("USAGE", `--fw-version ${fwVersion} cannot be the name of a package version`, {
    hint: `give 1 to ${VERSION_NAME_MAX_LENGTH} of A-Z a-z 0-9 . _ -, or leave --package out`,
  });
}

/** Returns `<package> <version>` for the ARN of a version that a job installs. */
export function formatPackageVersion(arn: string): string {
  const id = parsePackageVersionArn(arn);
  if (id === undefined) return arn;
  const { packageName, versionName } = id;
  return versionName === "$null" ? `${packageName}, which it uninstalls` : `${packageName} ${versionName}`;
}
