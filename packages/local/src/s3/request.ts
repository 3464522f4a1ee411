/** The requests and answers of S3 operations. */
import type { IncomingMessage } from "node:http";
import { AwsError } from "../errors.js";
import type { ChunkVerifier } from "../sigv4/chunk-verifier.js";
import { queryPairs, rawPathOf } from "../sigv4/sigv4.js";
import type { StoredBytes } from "./stored-bytes.js";

/** Length of a key in UTF-8. Source: S3 User Guide, "Naming objects". */
const MAX_KEY_BYTES = 1024;

export interface S3Request {
  method: string;
  /** `http(s)://host` as the client reached it. */
  origin: string;
  /** Empty for a request to the service. */
  bucket: string;
  /** Empty for a request to the bucket. */
  key: string;
  /** Decoded; of a repeated name, the first value. */
  query: ReadonlyMap<string, string>;
  /**
   * By lower-case name. They include `x-amz-` parameters and write conditions of the query: presigners move headers
   * there, and S3 accepts them there.
   */
  headers: Readonly<Record<string, string>>;
  /** As the client sent it, with aws-chunked not decoded. Must not be destroyed: the answer is sent after it. */
  body: AsyncIterable<Buffer>;
  /** The region in the signature; `undefined` if it has none. */
  signedRegion: string | undefined;
  /** Verifies the signatures of chunks; `undefined` if signatures are not verified. */
  chunkVerifier: ChunkVerifier | undefined;
}

export interface S3Answer {
  status: number;
  headers?: Record<string, string>;
  xml?: string;
  /** Requires a `Content-Length` in `headers`. */
  body?: StoredBytes;
}

/** Parameters that belong to the signature, not headers that were moved to the query. */
const SIGNATURE_PARAMETER =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token)$/;

/** Conditions that a presigned URL may contain. */
const CONDITIONS: ReadonlySet<string> = new Set(["if-match", "if-none-match"]);

/** @throws {AwsError} InvalidURI, KeyTooLongError */
export function parseS3Request(
  raw: IncomingMessage,
  secure: boolean,
): Omit<S3Request, "signedRegion" | "chunkVerifier"> {
  const target = raw.url ?? "/";
  const host = raw.headers.host ?? "";
  const query = new Map<string, string>();
  const headers: Record<string, string> = {};
  for (const [name, value] of queryPairs(target)) {
    if (query.has(name)) continue;
    query.set(name, value);
    const lower = name.toLowerCase();
    if (CONDITIONS.has(lower) || (lower.startsWith("x-amz-") && !SIGNATURE_PARAMETER.test(lower))) {
      headers[lower] = value;
    }
  }
  for (const [name, value] of Object.entries(raw.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return {
    method: raw.method ?? "GET",
    origin: `${secure ? "https" : "http"}://${host}`,
    ...parseAddress(host, rawPathOf(target)),
    query,
    headers,
    body: raw,
  };
}

/** Returns bucket and key of a request. Like S3, it does not resolve dots or merge slashes in `rawPath`. */
function parseAddress(host: string, rawPath: string): { bucket: string; key: string } {
  const path = decodePath(rawPath.replace(/^\//, ""));
  const hostBucket = parseHostBucket(host);
  const slash = path.indexOf("/");
  const [bucket, key] =
    hostBucket !== undefined
      ? [hostBucket, path]
      : slash < 0
        ? [path, ""]
        : [path.slice(0, slash), path.slice(slash + 1)];
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new AwsError("KeyTooLongError", 400, "Your key is too long", {
      Size: String(Buffer.byteLength(key)),
      MaxSizeAllowed: String(MAX_KEY_BYTES),
    });
  }
  return { bucket, key };
}

function decodePath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    throw new AwsError("InvalidURI", 400, "Couldn't parse the specified URI.", { URI: rawPath });
  }
}

/**
 * Returns the bucket in a virtual-hosted `Host`: `<bucket>.localhost`, `<bucket>.s3.<anything>`,
 * `<bucket>.s3-<region>.<...>`, each with or without a port; `undefined` if the bucket is in the path.
 */
export function parseHostBucket(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return /^(.+?)\.s3[.-]/.exec(name)?.[1] ?? /^(?!s3\.)(.+)\.localhost$/.exec(name)?.[1];
}
