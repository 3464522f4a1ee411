import type { Iot } from "../aws/iot.js";
import { hasPackage, recordsVersions } from "../aws/packages.js";
import { ok, type Verdict, warn } from "./verdict.js";

/** Checks that AWS IoT records the versions of a software package that jobs install. */
export async function checkPackage(iot: Iot, packageName: string): Promise<Verdict> {
  const [exists, isRecording] = [await hasPackage(iot, packageName), await recordsVersions(iot)];
  const found = exists ? `${packageName} exists` : `the first publish creates ${packageName}`;
  if (isRecording) return ok(`${found}; AWS IoT records the version that each thing installs`);
  return warn(
    `${found}; AWS IoT does not record the version that a thing installs: versionUpdateByJobsConfig is off`,
    "run `aws iot update-package-configuration --version-update-by-jobs-config enabled=true,roleArn=<ARN of a role>`; docs/publish.md has the policies of that role",
  );
}
