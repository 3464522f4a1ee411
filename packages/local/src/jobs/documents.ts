import { IOT_PRESIGN_MAX_SECONDS, JOB_DOCUMENT_MAX_LENGTH } from "@fota/shared";
import { invalidRequest, notSupported } from "../errors.js";
import type { Job, JobConfig } from "./job.js";
import { parseEncodedS3Url, parsePlainS3Url, type S3Object } from "./s3-url.js";

/** A job document with its placeholders, and the configuration that decides how they are filled. */
export type UnfilledDocument = Pick<Job, "document" | "config">;

/** Returns a URL that downloads the object until it expires. */
export type Presign = (object: S3Object, expiresInSeconds: number) => string;

const PLACEHOLDER_START = "${aws:iot:";
const PLACEHOLDER = /\$\{aws:iot:([^}"]*)(\}?)/g;

/** @throws {AwsError} InvalidRequest for a document that AWS does not accept */
export function checkDocument(document: string): void {
  if (document.length > JOB_DOCUMENT_MAX_LENGTH) {
    throw invalidRequest(
      `The job document has ${document.length} characters, at most ${JOB_DOCUMENT_MAX_LENGTH} are allowed`,
    );
  }
  if (!isJson(document)) throw invalidRequest("The job document is not JSON");
  if (!document.includes(PLACEHOLDER_START)) return; // to search for a text takes far less time than `matchAll`
  for (const [placeholder, body = "", end] of document.matchAll(PLACEHOLDER)) {
    if (end === "")
      throw invalidRequest(`The placeholder ${truncate(placeholder)} in the job document is not terminated`);
    parsePlaceholder(body);
  }
}

/** Requires a role for a document with placeholders: AWS presigns with it. @throws {AwsError} InvalidRequest */
export function checkRole(document: string, config: JobConfig): void {
  if (config.presignedUrlConfig?.roleArn === undefined && document.includes(PLACEHOLDER_START)) {
    throw invalidRequest(
      "presignedUrlConfig.roleArn is required: the job document has a presigned URL placeholder",
    );
  }
}

/** Returns the document as a device gets it: each placeholder becomes a URL that is presigned now. */
export function documentToSend({ document, config }: UnfilledDocument, presign: Presign): string {
  const expiresInSeconds = config.presignedUrlConfig?.expiresInSec ?? IOT_PRESIGN_MAX_SECONDS;
  return document.replace(PLACEHOLDER, (_placeholder, body: string) =>
    presign(parsePlaceholder(body), expiresInSeconds),
  );
}

/** Parses `s3-presigned-url:<S3 URL>`, the JSON-escaped text between `${aws:iot:` and `}`. */
function parsePlaceholder(body: string): S3Object {
  const colon = body.indexOf(":");
  const kind = body.slice(0, colon);
  const url = String(JSON.parse(`"${body.slice(colon + 1)}"`));
  const object = URL_PARSERS[kind]?.(url);
  if (object !== undefined) return object;
  const placeholder = truncate(`\${aws:iot:${body}}`);
  if (URL_PARSERS[kind] === undefined)
    throw notSupported(`the placeholder ${placeholder} in the job document`);
  throw invalidRequest(
    `The placeholder ${placeholder} must have the URL of an object, such as https://s3.us-east-1.amazonaws.com/bucket/key`,
  );
}

const URL_PARSERS: Readonly<Record<string, (url: string) => S3Object | undefined>> = {
  "s3-presigned-url": parsePlainS3Url,
  "s3-presigned-url-v1": parsePlainS3Url,
  "s3-presigned-url-v2": parseEncodedS3Url,
};

function truncate(placeholder: string): string {
  return placeholder.length > 200 ? `${placeholder.slice(0, 200)}...` : placeholder;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
