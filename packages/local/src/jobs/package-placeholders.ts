import { invalidRequest } from "../errors.js";
import type { PackageVersion, S3Location } from "../packages/package.js";
import type { Destination } from "./destination-packages.js";

/**
 * Placeholders of software packages in job documents. Source of the forms and of the errors: AWS IoT Developer Guide,
 * "Preparing AWS IoT Jobs" and "Software Package Catalog Troubleshooting". The guide calls the errors
 * InvalidJobDocumentException, which CreateJob does not have in the API model; here they are InvalidRequestException.
 */
const PLACEHOLDER_START = "${aws:iot:package:";
const PLACEHOLDER = /("?)\$\{aws:iot:package:([^}"]*)\}("?)/g;
const BODY =
  /^([\w.-]*):version:([\w.-]*|\$default|\$null):(?:(attributes)(?::([a-zA-Z0-9:_-]+))?|artifact(?:-location)?:s3-presigned-url)$/;

interface PackagesOfRequest {
  destinations: readonly Destination[];
  /** Whether the job has a role that AWS presigns with. */
  hasRole: boolean;
}

/**
 * Replaces the placeholders with attributes, and those of artifacts with placeholders of S3 objects.
 * @throws {AwsError} what `find` throws; InvalidRequest
 */
export function substitutePackages(
  document: string,
  { destinations, hasRole }: PackagesOfRequest,
  find: (destination: Destination) => Readonly<PackageVersion>,
): string {
  if (!document.includes(PLACEHOLDER_START)) return document; // takes far less time than the pattern
  return document.replace(PLACEHOLDER, (whole, before: string, body: string, after: string, at: number) => {
    const parsed = parseBody(body);
    const version = find(destinationOf(parsed, destinations));
    const { packageName, versionName } = version;
    if (parsed.isArtifact) {
      if (isNested(document.slice(0, at)))
        throw invalidRequest(
          "${aws:iot:package:[...]:artifact:s3-presigned-url} cannot be nested inside another placeholder.",
        );
      if (version.artifact === undefined)
        throw invalidRequest(
          `Package ${packageName} version ${versionName} does not have an associated artifact to generate an S3 presigned url.`,
        );
      if (!hasRole)
        throw invalidRequest(
          `presignedUrlConfig role ARN is required to generate an S3 presigned url in job document for package ${packageName} version ${versionName} artifact.`,
        );
      return `${before}${objectPlaceholder(version.artifact)}${after}`;
    }
    if (parsed.attribute === undefined) {
      if (!whole.startsWith('"') || !whole.endsWith('"'))
        throw invalidRequest(
          "The package version attribute placeholder for all attributes has to be a json value by itself and not appended with other strings or nested with other placeholders.",
        );
      return JSON.stringify(version.attributes);
    }
    const value = Object.hasOwn(version.attributes, parsed.attribute)
      ? version.attributes[parsed.attribute]
      : undefined;
    if (value === undefined)
      throw invalidRequest(
        `Package ${packageName} version ${versionName} does not have the attribute ${parsed.attribute}`,
      );
    return `${before}${JSON.stringify(value).slice(1, -1)}${after}`;
  });
}

/** Checks the placeholders of a template, which names versions that need not exist yet. @throws {AwsError} InvalidRequest */
export function checkPackagePlaceholders(document: string, destinations: readonly Destination[]): void {
  for (const [, , body = ""] of document.matchAll(PLACEHOLDER)) destinationOf(parseBody(body), destinations);
}

/** Returns the document with other text in place of the placeholders of packages, to check the rest of it. */
export function withoutPackages(document: string): string {
  return document.replace(PLACEHOLDER, (_whole, before: string, _body, after: string, at: number) => {
    const text = isNested(document.slice(0, at)) ? "https://s3.amazonaws.com/bucket/key" : "text";
    return `${before}${text}${after}`;
  });
}

interface Placeholder extends Destination {
  /** Absent for all attributes, and for the artifact. */
  attribute: string | undefined;
  isArtifact: boolean;
}

function parseBody(body: string): Placeholder {
  const match = BODY.exec(body);
  if (match === null) throw invalidRequest(`The placeholder \${aws:iot:package:${body}} is not valid`);
  const [, packageName = "", versionName = "", attributes, attribute] = match;
  if ((packageName === "") !== (versionName === ""))
    throw invalidRequest("Empty package name and version name have to be used in pair.");
  if (versionName === "$null")
    throw invalidRequest("$null is not allowed to be referenced as a package version in job documents.");
  return { packageName, versionName, attribute, isArtifact: attributes === undefined };
}

/** Returns the destination that a placeholder refers to: it must name one, as the request spells it. */
function destinationOf({ packageName, versionName }: Placeholder, destinations: readonly Destination[]) {
  const [first, second] = destinations;
  if (packageName === "" && second !== undefined)
    throw invalidRequest(
      "Cannot resolve empty package name and version name given multiple elements in destination package versions.",
    );
  const found =
    packageName === ""
      ? first
      : destinations.find((each) => each.packageName === packageName && each.versionName === versionName);
  if (found !== undefined && found.versionName !== "$null") return found;
  throw invalidRequest(
    `The job document refers to version ${versionName} of package ${packageName}, which destinationPackageVersions does not name`,
  );
}

/** Returns whether a placeholder begins in the text and does not end there. */
function isNested(before: string): boolean {
  return before.lastIndexOf("${aws:") > before.lastIndexOf("}");
}

function objectPlaceholder({ bucket, key, version }: S3Location): string {
  const versionId = version === undefined ? "" : encodeURIComponent(`?versionId=${version}`);
  const path = key.split("/").map(encodeURIComponent).join("/");
  return `\${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/${bucket}/${path}${versionId}}`;
}
