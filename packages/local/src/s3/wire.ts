/** Reads and writes values of queries and XML in S3's form. */
import { ACCOUNT_ID } from "../account.js";
import { uriEncodePath } from "../sigv4/sigv4.js";
import type { S3Request } from "./request.js";
import { invalidArgument } from "./s3-errors.js";

/** Owner of every bucket, object and upload. S3 stopped sending a DisplayName in 2025. */
export const OWNER = { ID: ACCOUNT_ID };

/** Returns how to write keys in an answer. With `encoding-type=url`, clients get characters that XML cannot contain. */
export function createKeyEncoder(request: S3Request): (text: string) => string {
  const type = request.query.get("encoding-type");
  if (type !== undefined && type !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  }
  return type === "url" ? uriEncodePath : (text) => text;
}

/** Reads a number in the query, limited to `most`. @throws {AwsError} InvalidArgument */
export function readCount(request: S3Request, name: string, most: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === "") return most;
  if (!/^\d{1,10}$/.test(text))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(Number(text), most);
}

/** Formats a date for XML: ISO 8601 in UTC with milliseconds, but in whole seconds like `Last-Modified`. */
export function formatIso(timeMs: number): string {
  return new Date(wholeSeconds(timeMs)).toISOString();
}

/** Rounds milliseconds down to whole seconds. */
export function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
