/** What S3 operations see of a request, and what they answer. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { AwsError } from "../errors.js";
import { queryPairs, rawPathOf } from "../sigv4/sigv4.js";
import type { ChunkVerifier } from "../sigv4/verify.js";

/** S3 User Guide, "Naming objects": 1,024 bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

export interface S3Request {
  method: string;
  /** `http(s)://host` as the client reached it. */
  origin: string;
  /** Empty: the request is about the service. */
  bucket: string;
  /** Empty: the request is about the bucket. */
  key: string;
  /** Decoded; of a name that comes twice, the first. */
  query: ReadonlyMap<string, string>;
  /**
   * Lower-case names. `x-amz-` parameters of the query and the conditions of writes are among them: presigners move
   * headers there, and S3 takes them from there.
   */
  headers: Readonly<Record<string, string>>;
  /** As the client sent it, before aws-chunked is undone. */
  body: AsyncIterable<Buffer>;
  /** The region that the signature names; `undefined` where it names none. */
  signedRegion: string | undefined;
  /** Where the pieces of the body are signed and signatures are verified. */
  chunkVerifier: ChunkVerifier | undefined;
}

export interface S3Answer {
  status: number;
  headers?: Record<string, string>;
  xml?: string;
  /** Comes with a `Content-Length` in `headers`. */
  body?: Readable;
}

/** Parameters that are the signature itself, not headers moved into the query. */
const SIGNATURE_PARAMETER =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token)$/;

/** Conditions that a presigned URL may carry. */
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
    ...addressOf(host, rawPathOf(target)),
    query,
    headers,
    body: raw.iterator({ destroyOnReturn: false }), // the answer to a body given up still has to go out
  };
}

/** Bucket and key of a request. `rawPath` is taken as it was sent: S3 resolves no dots and joins no slashes. */
function addressOf(host: string, rawPath: string): { bucket: string; key: string } {
  const path = decodePath(rawPath.replace(/^\//, ""));
  const hostBucket = bucketOfHost(host);
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
 * The bucket in a virtual-hosted `Host`: `<bucket>.localhost`, `<bucket>.s3.<anything>`, `<bucket>.s3-<region>.<...>`,
 * each with or without a port; `undefined` where the bucket is in the path.
 */
export function bucketOfHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return /^(.+?)\.s3[.-]/.exec(name)?.[1] ?? /^(?!s3\.)(.+)\.localhost$/.exec(name)?.[1];
}
