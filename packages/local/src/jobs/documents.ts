import { IOT_PRESIGN_MAX_SECONDS, JOB_DOCUMENT_MAX_LENGTH } from "@fota/shared";
import { invalidRequest, notSupported } from "../errors.js";
import type { Job, JobConfig } from "./job.js";
import { parseEncodedS3Url, parsePlainS3Url, type S3Object } from "./s3-url.js";

/** What is known of a document until a device asks for it. */
export type OrderedDocument = Pick<Job, "document" | "config">;

/** A URL that gets the object until it expires. */
export type Presign = (object: S3Object, expiresInSeconds: number) => string;

const PLACEHOLDER = /\$\{aws:iot:([^}"]*)(\}?)/g;

/** @throws {AwsError} InvalidRequest for a document that AWS does not take */
export function checkDocument(document: string): void {
  if (document.length > JOB_DOCUMENT_MAX_LENGTH) {
    throw invalidRequest(
      `The job document has ${document.length} characters, at most ${JOB_DOCUMENT_MAX_LENGTH} are allowed`,
    );
  }
  if (!isJson(document)) throw invalidRequest("The job document is not JSON");
  for (const [placeholder, body = "", end] of document.matchAll(PLACEHOLDER)) {
    if (end === "")
      throw invalidRequest(`The placeholder ${shown(placeholder)} in the job document is not terminated`);
    objectOf(body);
  }
}

/** AWS signs with a role, which a document with placeholders needs. @throws {AwsError} InvalidRequest */
export function checkRole(document: string, config: JobConfig): void {
  if (config.presignedUrlConfig?.roleArn === undefined && document.search(PLACEHOLDER) >= 0) {
    throw invalidRequest(
      "presignedUrlConfig.roleArn is required: the job document has a presigned URL placeholder",
    );
  }
}

/** The document as a device gets it: a fresh URL in place of each placeholder, good from this moment on. */
export function documentToSend({ document, config }: OrderedDocument, presign: Presign): string {
  const expiresInSeconds = config.presignedUrlConfig?.expiresInSec ?? IOT_PRESIGN_MAX_SECONDS;
  return document.replace(PLACEHOLDER, (_placeholder, body: string) =>
    presign(objectOf(body), expiresInSeconds),
  );
}

/** The object of `s3-presigned-url:<S3 URL>`, as it stands between `${aws:iot:` and `}` in JSON text. */
function objectOf(body: string): S3Object {
  const colon = body.indexOf(":");
  const kind = body.slice(0, colon);
  const url = String(JSON.parse(`"${body.slice(colon + 1)}"`));
  const object = readers[kind]?.(url);
  if (object !== undefined) return object;
  const placeholder = shown(`\${aws:iot:${body}}`);
  if (readers[kind] === undefined) throw notSupported(`the placeholder ${placeholder} in the job document`);
  throw invalidRequest(
    `The placeholder ${placeholder} must have the URL of an object, such as https://s3.us-east-1.amazonaws.com/bucket/key`,
  );
}

const readers: Readonly<Record<string, (url: string) => S3Object | undefined>> = {
  "s3-presigned-url": parsePlainS3Url,
  "s3-presigned-url-v1": parsePlainS3Url,
  "s3-presigned-url-v2": parseEncodedS3Url,
};

function shown(placeholder: string): string {
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
