/** Values as S3 writes them in queries and in XML. */
import { ACCOUNT_ID } from "../account.js";
import { uriEncodePath } from "../sigv4/sigv4.js";
import type { S3Request } from "./request.js";
import { invalidArgument } from "./s3-errors.js";

/** Of every bucket, object and upload. S3 stopped sending a DisplayName in 2025. */
export const OWNER = { ID: ACCOUNT_ID };

/** How keys are written into an answer: `encoding-type=url` is how clients get characters that XML has not. */
export function encoderOf(request: S3Request): (text: string) => string {
  const type = request.query.get("encoding-type");
  if (type !== undefined && type !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  }
  return type === "url" ? uriEncodePath : (text) => text;
}

/** A count in the query; more than `most` is `most`. @throws {AwsError} InvalidArgument */
export function countOf(request: S3Request, name: string, most: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === "") return most;
  if (!/^\d{1,10}$/.test(text))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(Number(text), most);
}

/** Dates in XML: ISO 8601, UTC, whole seconds written with milliseconds, as they are in `Last-Modified`. */
export function iso(timeMs: number): string {
  return new Date(wholeSeconds(timeMs)).toISOString();
}

/** Milliseconds since 1970, cut to the second. */
export function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
