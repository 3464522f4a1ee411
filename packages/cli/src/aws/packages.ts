import {
  CreatePackageCommand,
  CreatePackageVersionCommand,
  DeletePackageCommand,
  DeletePackageVersionCommand,
  GetPackageCommand,
  GetPackageConfigurationCommand,
  GetPackageVersionCommand,
  UpdatePackageVersionCommand,
} from "@aws-sdk/client-iot";
import { absentIf, nameOf } from "./errors.js";
import type { Iot } from "./iot.js";

/** Names a version of a software package. */
export interface PackageVersionId {
  packageName: string;
  versionName: string;
}

/** Holds what AWS IoT knows about a version. */
export interface PackageVersion {
  /** DRAFT, PUBLISHED or DEPRECATED; a job cannot install a DRAFT. */
  status: string;
  attributes: Record<string, string>;
}

/** Says where the image of a version is, in a bucket that keeps versions. */
export interface PackageArtifact {
  bucket: string;
  key: string;
  /** The object's version id in S3. */
  version: string;
}

/** Looks up a version; `undefined`: the version or its package does not exist. */
export async function findPackageVersion(
  { client, call }: Iot,
  id: PackageVersionId,
): Promise<PackageVersion | undefined> {
  const doing = `read ${nameOfVersion(id)}`;
  return await call({ doing, action: "iot:GetPackageVersion" }, async (options) => {
    const found = await client
      .send(new GetPackageVersionCommand(id), options)
      .catch(absentIf("ResourceNotFoundException"));
    return found && { status: found.status ?? "DRAFT", attributes: found.attributes ?? {} };
  });
}

export async function hasPackage({ client, call }: Iot, packageName: string): Promise<boolean> {
  const doing = `read package ${packageName}`;
  return await call({ doing, action: "iot:GetPackage" }, async (options) => {
    const found = await client
      .send(new GetPackageCommand({ packageName }), options)
      .catch(absentIf("ResourceNotFoundException"));
    return found !== undefined;
  });
}

/** Creates a package. Returns false if another command created it meanwhile. */
export async function createPackage({ client, call }: Iot, packageName: string): Promise<boolean> {
  const doing = `create package ${packageName}`;
  const action = "iot:CreatePackage, and iot:GetIndexingConfiguration";
  return await call({ doing, action }, async (options) => {
    const made = await client
      .send(new CreatePackageCommand({ packageName }), options)
      .catch(absentIf("ConflictException"));
    return made !== undefined;
  });
}

/** Creates a version in status DRAFT. Returns false if another command created it meanwhile. */
export async function createPackageVersion(
  { client, call }: Iot,
  id: PackageVersionId,
  attributes: Record<string, string>,
): Promise<boolean> {
  const doing = `create ${nameOfVersion(id)}`;
  const action = "iot:CreatePackageVersion on the package and its versions, and iot:GetIndexingConfiguration";
  return await call({ doing, action }, async (options) => {
    const made = await client
      .send(new CreatePackageVersionCommand({ ...id, attributes }), options)
      .catch(absentIf("ConflictException"));
    return made !== undefined;
  });
}

/**
 * Publishes a version that is DRAFT; its attributes and its artifact cannot change afterwards. Returns false if another
 * command published it meanwhile.
 */
export async function publishPackageVersion(
  { client, call }: Iot,
  id: PackageVersionId,
  attributes: Record<string, string>,
  artifact: PackageArtifact | undefined,
): Promise<boolean> {
  const doing = `publish ${nameOfVersion(id)}`;
  const ofImage = artifact === undefined ? "" : ", and s3:GetObjectVersion on the image";
  const action = `iot:UpdatePackageVersion on the package and its versions, iot:GetIndexingConfiguration${ofImage}`;
  const command = new UpdatePackageVersionCommand({
    ...id,
    attributes,
    ...(artifact !== undefined && { artifact: { s3Location: artifact } }),
    action: "PUBLISH",
  });
  return await call({ doing, action }, async (options) => {
    try {
      await client.send(command, options);
      return true;
    } catch (error) {
      if (nameOf(error) !== "ConflictException") throw error;
      return false;
    }
  });
}

/** Deletes a version; succeeds if there is none. */
export async function deletePackageVersion({ client, call }: Iot, id: PackageVersionId): Promise<void> {
  const doing = `delete ${nameOfVersion(id)}`;
  await call({ doing, action: "iot:DeletePackageVersion" }, (options) =>
    client.send(new DeletePackageVersionCommand(id), options),
  );
}

/** Deletes a package without versions; succeeds if there is none. */
export async function deletePackage({ client, call }: Iot, packageName: string): Promise<void> {
  const doing = `delete package ${packageName}`;
  await call({ doing, action: "iot:DeletePackage" }, (options) =>
    client.send(new DeletePackageCommand({ packageName }), options),
  );
}

/** Returns whether AWS IoT Jobs writes installed versions to the shadow `$package` of the things. */
export async function recordsVersions({ client, call }: Iot): Promise<boolean> {
  const doing = "read the configuration of software packages";
  return await call({ doing, action: "iot:GetPackageConfiguration" }, async (options) => {
    const { versionUpdateByJobsConfig } = await client.send(new GetPackageConfigurationCommand({}), options);
    return versionUpdateByJobsConfig?.enabled ?? false;
  });
}

/** Returns the ARN of a version, from any ARN of AWS IoT in the same account and region. */
export function packageVersionArn(besideArn: string, { packageName, versionName }: PackageVersionId): string {
  return `${besideArn.split(":").slice(0, 5).join(":")}:package/${packageName}/version/${versionName}`;
}

/** Parses the ARN of a version; `undefined` for another ARN. The version can also be `$default` or `$null`. */
export function parsePackageVersionArn(arn: string): PackageVersionId | undefined {
  const [, packageName, versionName] = /:package\/([^/]+)\/version\/([^/]+)$/.exec(arn) ?? [];
  return packageName === undefined || versionName === undefined ? undefined : { packageName, versionName };
}

function nameOfVersion({ packageName, versionName }: PackageVersionId): string {
  return `version ${versionName} of package ${packageName}`;
}
