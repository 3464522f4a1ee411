import { JOB_DOCUMENT_MAX_LENGTH } from "@fota/shared";
import { invalidRequest } from "../errors.js";
import { type Members, optionalString } from "../rest/fields.js";
import type { S3Access } from "./s3-access.js";
import { parseEncodedS3Url } from "./s3-url.js";

/** API model iot 2015-05-28, JobDocumentSource. */
const SOURCE = { max: 1350 };

interface GivenDocument {
  document: string;
  /** URL of the S3 object that has it. */
  documentSource?: string;
}

/**
 * Returns the job document of a request: its text, or the S3 object that it names. The object is read once, now.
 * @throws {AwsError} InvalidRequest, also if the request has neither or both
 */
export function readDocument(body: Members, objects: S3Access): GivenDocument | Promise<GivenDocument> {
  const document = optionalString(body, "document");
  const documentSource = optionalString(body, "documentSource", SOURCE);
  if ((document === undefined) === (documentSource === undefined)) {
    throw invalidRequest("Either document or documentSource must be given, and only one of them");
  }
  if (document !== undefined) return { document };
  const object = documentSource && parseEncodedS3Url(documentSource);
  if (!object) {
    throw invalidRequest(
      `documentSource ${documentSource} must be the URL of an object, such as https://s3.us-east-1.amazonaws.com/bucket/key`,
    );
  }
  return objects
    .readText(object, JOB_DOCUMENT_MAX_LENGTH)
    .then((text) => ({ document: text, documentSource }));
}
