import type { Engine } from "../../engine/engine.js";
import { AwsError, invalidRequest, notSupported } from "../../errors.js";
import type { S3Access } from "../../jobs/s3-access.js";
import { listOf } from "../../listing/indexes.js";
import type { InOrder } from "../../listing/list-index.js";
import {
  readClientToken,
  readDefaultVersionName,
  readDescription,
  readPackageName,
  readTagMap,
  readVersionContent,
  readVersionId,
} from "../../packages/fields.js";
import {
  existingPackage,
  existingVersion,
  listPackageVersions,
  type PackageVersion,
  packageArn,
  type S3Location,
  type SoftwarePackage,
  versionArn,
} from "../../packages/package.js";
import { VERSION_ACTIONS } from "../../packages/versions.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  optionalInteger,
  optionalObject,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type Handler, type RestRequest, type Route, route } from "../../rest/router.js";

const STATUSES = ["DRAFT", "PUBLISHED", "DEPRECATED"] as const;
/** API model iot 2015-05-28, PackageCatalogMaxResults. */
const PAGE_SIZE = { min: 1, max: 100 };
const CONTENT = ["description", "attributes", "artifact", "recipe"];

/** Returns the routes for software packages and their versions. */
export function packageRoutes(engine: Engine, objects: S3Access): Route[] {
  return [
    packageRoute("PUT /packages/{packageName}", createPackage),
    packageRoute("GET /packages/{packageName}", getPackage),
    packageRoute("PATCH /packages/{packageName}", updatePackage),
    packageRoute("DELETE /packages/{packageName}", deletePackage),
    packageRoute("GET /packages", listPackages),
    packageRoute("PUT /packages/{packageName}/versions/{versionName}", createVersion),
    packageRoute("GET /packages/{packageName}/versions/{versionName}", getVersion),
    packageRoute("PATCH /packages/{packageName}/versions/{versionName}", updateVersion),
    packageRoute("DELETE /packages/{packageName}/versions/{versionName}", deleteVersion),
    packageRoute("GET /packages/{packageName}/versions", listVersions),
    packageRoute("PUT /packages/{packageName}/versions/{versionName}/sbom", refuseSbom),
    packageRoute("DELETE /packages/{packageName}/versions/{versionName}/sbom", refuseSbom),
    packageRoute("GET /packages/{packageName}/versions/{versionName}/sbom-validation-results", refuseSbom),
    packageRoute("GET /package-configuration", getConfiguration),
    packageRoute("PATCH /package-configuration", updateConfiguration),
  ];

  async function createPackage({ params, query, body }: RestRequest) {
    refuseUnknownMembers("CreatePackage", body, ["description", "tags"]);
    const created = await engine.run("createPackage", {
      packageName: readPackageName(params),
      description: readDescription(body),
      tags: readTagMap(body),
      clientToken: readToken("CreatePackage", query),
    });
    const { packageName, description } = created;
    return { packageName, packageArn: packageArn(engine.world, packageName), description };
  }

  function getPackage({ params }: RestRequest) {
    const found = existingPackage(engine.world, readPackageName(params));
    const { description, packageName } = found;
    return { ...packageSummary(found), packageArn: packageArn(engine.world, packageName), description };
  }

  async function updatePackage({ params, query, body }: RestRequest) {
    refuseUnknownMembers("UpdatePackage", body, ["description", "defaultVersionName", "unsetDefaultVersion"]);
    readToken("UpdatePackage", query);
    await engine.run("updatePackage", {
      packageName: readPackageName(params),
      description: readDescription(body),
      defaultVersionName: readDefaultVersionName(body),
      unsetDefaultVersion: optionalBoolean(body, "unsetDefaultVersion"),
    });
  }

  async function deletePackage({ params, query }: RestRequest) {
    readToken("DeletePackage", query);
    await engine.run("deletePackage", { packageName: readPackageName(params) });
  }

  async function listPackages({ query }: RestRequest) {
    const packages = engine.world.packages ?? new Map<string, SoftwarePackage>();
    const { items, nextToken } = await pageOf("ListPackages", query, listOf(packages));
    return { packageSummaries: items.map(packageSummary), nextToken };
  }

  async function createVersion({ params, query, body }: RestRequest) {
    refuseUnknownMembers("CreatePackageVersion", body, [...CONTENT, "tags"]);
    const content = readVersionContent(body);
    await checkArtifact(content.artifact);
    const created = await engine.run("createPackageVersion", {
      ...readVersionId(params),
      ...content,
      tags: readTagMap(body),
      clientToken: readToken("CreatePackageVersion", query),
    });
    const { packageName, versionName, description, attributes, status } = created;
    const packageVersionArn = versionArn(engine.world, created);
    return { packageVersionArn, packageName, versionName, description, attributes, status };
  }

  function getVersion({ params }: RestRequest) {
    const version = existingVersion(engine.world, readVersionId(params));
    const { description, attributes, artifact, recipe } = version;
    return {
      ...versionSummary(version),
      packageVersionArn: versionArn(engine.world, version),
      description,
      attributes,
      artifact: artifact && { s3Location: artifact },
      recipe,
    };
  }

  async function updateVersion({ params, query, body }: RestRequest) {
    refuseUnknownMembers("UpdatePackageVersion", body, [...CONTENT, "action"]);
    const content = readVersionContent(body);
    await checkArtifact(content.artifact);
    await engine.run("updatePackageVersion", {
      ...readVersionId(params),
      ...content,
      action: optionalChoice(body, "action", VERSION_ACTIONS),
      clientToken: readToken("UpdatePackageVersion", query),
    });
  }

  async function deleteVersion({ params, query }: RestRequest) {
    readToken("DeletePackageVersion", query);
    await engine.run("deletePackageVersion", readVersionId(params));
  }

  async function listVersions({ params, query }: RestRequest) {
    const status = optionalChoice(queryMembers(query), "status", STATUSES);
    const found = listPackageVersions(engine.world, readPackageName(params), status);
    const { items, nextToken } = await pageOf("ListPackageVersions", query, found, ["status"]);
    return { packageVersionSummaries: items.map(versionSummary), nextToken };
  }

  function getConfiguration() {
    const { enabled = false, roleArn } = engine.world.packageConfiguration ?? {};
    return { versionUpdateByJobsConfig: { enabled, roleArn } };
  }

  async function updateConfiguration({ query, body }: RestRequest) {
    const operation = "UpdatePackageConfiguration";
    refuseUnknownMembers(operation, body, ["versionUpdateByJobsConfig"]);
    readToken(operation, query);
    const config = optionalObject(body, "versionUpdateByJobsConfig") ?? {};
    refuseUnknownMembers("versionUpdateByJobsConfig", config, ["enabled", "roleArn"]);
    const enabled = config["enabled"] === undefined ? undefined : optionalBoolean(config, "enabled");
    const roleArn = optionalString(config, "roleArn", { min: 20, max: 2048 });
    await engine.run("updatePackageConfiguration", { enabled, roleArn });
  }

  /** AWS reads the artifact when a version gets it; a wrong one is refused now, not at the first device. */
  async function checkArtifact(artifact: S3Location | undefined): Promise<void> {
    if (artifact === undefined) return;
    const { bucket, key, version } = artifact;
    await objects.check({ bucket, key, ...(version !== undefined && { versionId: version }) });
  }
}

/** Creates a route whose errors have the names that the API model gives the operations of packages. */
function packageRoute(operation: string, handler: Handler): Route {
  return route(operation, async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== invalidRequest("").code) throw error;
      throw new AwsError("ValidationException", 400, error.message);
    }
  });
}

function refuseSbom(): never {
  throw notSupported("software bills of materials (SBOM)");
}

function readToken(operation: string, query: URLSearchParams): string | undefined {
  const members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["clientToken"]);
  return readClientToken(members);
}

function pageOf<T extends { sequence: number }>(
  operation: string,
  query: URLSearchParams,
  list: InOrder<T>,
  filters: readonly string[] = [],
) {
  const members: Members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["maxResults", "nextToken", ...filters]);
  const maxResults = optionalInteger(members, "maxResults", PAGE_SIZE) ?? PAGE_SIZE.max;
  return page(list, "oldestFirst", { maxResults, nextToken: members["nextToken"] });
}

function packageSummary(found: Readonly<SoftwarePackage>) {
  const { packageName, defaultVersionName, createdAtMs, lastModifiedAtMs } = found;
  return {
    packageName,
    defaultVersionName,
    creationDate: createdAtMs / 1000,
    lastModifiedDate: lastModifiedAtMs / 1000,
  };
}

function versionSummary(version: Readonly<PackageVersion>) {
  const { packageName, versionName, status, createdAtMs, lastModifiedAtMs } = version;
  return {
    packageName,
    versionName,
    status,
    creationDate: createdAtMs / 1000,
    lastModifiedDate: lastModifiedAtMs / 1000,
  };
}
