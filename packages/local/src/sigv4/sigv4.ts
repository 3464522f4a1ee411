/**
 * AWS Signature Version 4: reads the credential scope of a request, builds the strings to sign, and signs. Source: IAM
 * User Guide, "Create a signed AWS API request", and S3 API Reference, "Authenticating Requests: Using Query
 * Parameters".
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const SIGV4_ALGORITHM = "AWS4-HMAC-SHA256";
/** Replaces the payload's hash if the signature does not cover the payload. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The scope in which a signature is valid; sent in clear text with it. */
export interface CredentialScope {
  accessKeyId: string;
  /** `yyyymmdd`, UTC. */
  date: string;
  region: string;
  /** Signing name, such as `s3`, `iot`, `iot-jobs-data`. */
  service: string;
}

/** The parts of a request that a signature can cover, as received. */
export type SignedRequest = Pick<IncomingMessage, "method" | "url" | "headers" | "rawHeaders">;

/** Decoded names and values in their original order. */
export type QueryPairs = readonly (readonly [name: string, value: string])[];

/**
 * Parses the scope in a request's query or `Authorization` header; returns `undefined` if it is missing or malformed.
 * Verifies nothing: this is for routing.
 */
export function parseCredentialScope(request: SignedRequest): Readonly<CredentialScope> | undefined {
  const inQuery = queryPairs(request.url ?? "").find(([name]) => name === "X-Amz-Credential")?.[1];
  if (inQuery !== undefined) return parseCredential(inQuery);
  const inHeader = /\bCredential=([^,\s]+)/.exec(request.headers.authorization ?? "")?.[1];
  return inHeader === undefined ? undefined : parseCredential(inHeader);
}

/** The credential that was parsed last, with its scope: those of a client's requests are the same all day. */
let lastParsed: { text: string; scope: Readonly<CredentialScope> | undefined } | undefined;

/** Parses `<access key>/<yyyymmdd>/<region>/<service>/aws4_request`; returns `undefined` for anything else. */
export function parseCredential(text: string): Readonly<CredentialScope> | undefined {
  if (text !== lastParsed?.text) lastParsed = { text, scope: matchCredential(text) };
  return lastParsed.scope;
}

function matchCredential(text: string): CredentialScope | undefined {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(text);
  const [, accessKeyId, date, region, service] = match ?? [];
  if (!accessKeyId || !date || !region || !service) return undefined;
  return { accessKeyId, date, region, service };
}

/** Returns the path of a request target, still encoded. */
export function rawPathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

/** Parses the query of a request target. A `+` is a space, as for S3; invalid UTF-8 stays encoded. */
export function queryPairs(target: string): QueryPairs {
  const start = target.indexOf("?");
  if (start < 0) return [];
  return target
    .slice(start + 1)
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const equals = part.indexOf("=");
      if (equals < 0) return [decodeQuery(part), ""] as const;
      return [decodeQuery(part.slice(0, equals)), decodeQuery(part.slice(equals + 1))] as const;
    });
}

function decodeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Percent-encodes all characters except the unreserved ones of RFC 3986. */
function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Like `uriEncode`, but keeps slashes. */
export function uriEncodePath(path: string): string {
  return path.split("/").map(uriEncode).join("/");
}

export interface CanonicalParts {
  method: string;
  /** Already in canonical form. */
  path: string;
  query: QueryPairs;
  /** Lower-case names with their values, sorted by name. */
  headers: readonly (readonly [name: string, value: string])[];
  payloadHash: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  const query = parts.query
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([a, x], [b, y]) => compareStrings(a, b) || compareStrings(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const headers = parts.headers.map(([name, value]) => `${name}:${value}\n`).join("");
  const names = parts.headers.map(([name]) => name).join(";");
  return [parts.method, parts.path, query, headers, names, parts.payloadHash].join("\n");
}

function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function formatScope(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
}

/** Returns the string to sign; `amzDate` has the form `yyyymmddThhmmssZ`. */
export function stringToSign(amzDate: string, scope: CredentialScope, canonical: string): string {
  return [SIGV4_ALGORITHM, amzDate, formatScope(scope), sha256Hex(canonical)].join("\n");
}

/** Derives the key for all signatures in one scope. */
export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  const steps = [scope.date, scope.region, scope.service, "aws4_request"];
  return steps.reduce<Buffer>(
    (key, text) => createHmac("sha256", key).update(text).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

export function sign(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

/** Compares two strings in constant time, so that the time reveals nothing about a signature. */
export function equalConstantTime(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Formats a time as `yyyymmddThhmmssZ`. */
export function formatAmzDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** Parses `yyyymmddThhmmssZ` to milliseconds since 1970; returns `undefined` for anything else. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

export interface PresignGetOptions {
  /** `http(s)://host[:port]` at which the client will download: the signature covers the host. */
  endpoint: string;
  bucket: string;
  key: string;
  versionId?: string;
  region: string;
  credentials: Credentials;
  expiresInSeconds: number;
  nowMs: number;
}

/** Returns a path-style URL that downloads one object until it expires. */
export function presignGet(options: PresignGetOptions): string {
  const { protocol, host } = new URL(options.endpoint);
  const amzDate = formatAmzDate(options.nowMs);
  const scope: CredentialScope = {
    accessKeyId: options.credentials.accessKeyId,
    date: amzDate.slice(0, 8),
    region: options.region,
    service: "s3",
  };
  const path = `/${options.bucket}/${uriEncodePath(options.key)}`;
  const query: QueryPairs = [
    ["X-Amz-Algorithm", SIGV4_ALGORITHM],
    ["X-Amz-Credential", `${scope.accessKeyId}/${formatScope(scope)}`],
    ["X-Amz-Date", amzDate],
    ["X-Amz-Expires", String(options.expiresInSeconds)],
    ["X-Amz-SignedHeaders", "host"],
    ...(options.versionId === undefined ? [] : [["versionId", options.versionId] as const]),
  ];
  const canonical = canonicalRequest({
    method: "GET",
    path,
    query,
    headers: [["host", host]],
    payloadHash: UNSIGNED_PAYLOAD,
  });
  const key = signingKey(options.credentials.secretAccessKey, scope);
  const signature = sign(key, stringToSign(amzDate, scope, canonical));
  const sent = query.map(([name, value]) => `${name}=${uriEncode(value)}`).join("&");
  return `${protocol}//${host}${path}?${sent}&X-Amz-Signature=${signature}`;
}
