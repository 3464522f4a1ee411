import type { HttpResponse } from "./ports.js";

/** The meaning of an answer to a GET of the image. */
export type ImageAnswer =
  /** The body starts at offset `startBytes` of the image; 0 if the server ignored the Range. */
  | { kind: "body"; startBytes: number; etag: string | undefined }
  /** The object does not have the size in the job document. */
  | { kind: "wrong-size"; actualBytes: number }
  /** 412, 416, or another ETag: the object has changed since the download began. */
  | { kind: "changed" }
  /** 400, 401, 403: S3's answers to an expired URL, an expired token or a bad signature. */
  | { kind: "url-refused" }
  /** 404, 410: there is no such object. */
  | { kind: "gone" }
  /** An overloaded server or an invalid answer: the same request may succeed later. */
  | { kind: "try-again"; detail: string }
  /** A redirect or any other answer that does not change on a retry. */
  | { kind: "permanent" };

/**
 * Interprets status and headers of an answer to a request that starts at offset `startBytes`. Does not read the body
 * (B-3). `knownEtag` is the ETag of the object that the download began with.
 */
export function readImageAnswer(
  { status, headers }: HttpResponse,
  startBytes: number,
  sizeBytes: number,
  knownEtag?: string,
): ImageAnswer {
  switch (status) {
    case 200: {
      const lengthBytes = wholeNumber(headers["content-length"]);
      if (lengthBytes !== undefined && lengthBytes !== sizeBytes) {
        return { kind: "wrong-size", actualBytes: lengthBytes };
      }
      return body(0, headers["etag"]);
    }
    case 206: {
      const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(headers["content-range"] ?? "");
      if (range === null || Number(range[1]) !== startBytes) {
        const got = range === null ? "no valid range" : `bytes from ${range[1]}`;
        return { kind: "try-again", detail: `the server sent ${got} instead of bytes from ${startBytes}` };
      }
      const totalBytes = range[3] === "*" ? sizeBytes : Number(range[3]);
      if (totalBytes !== sizeBytes) return { kind: "wrong-size", actualBytes: totalBytes };
      const answer = body(startBytes, headers["etag"]);
      // A cache that ignores If-Match would append the end of another object to our beginning.
      const isOther = knownEtag !== undefined && answer.etag !== undefined && answer.etag !== knownEtag;
      return isOther ? { kind: "changed" } : answer;
    }
    case 400:
    case 401:
    case 403:
      return { kind: "url-refused" };
    case 404:
    case 410:
      return { kind: "gone" };
    case 412:
    case 416:
      return { kind: "changed" };
    default:
      if (status < 500 && status !== 408 && status !== 429) return { kind: "permanent" };
      return { kind: "try-again", detail: `the server answered ${status}` };
  }
}

/** Keeps only a strong ETag: If-Match never matches a weak one (RFC 9110, 13.1.1). */
function body(startBytes: number, etag: string | undefined): Extract<ImageAnswer, { kind: "body" }> {
  const isStrong = etag !== undefined && etag.length <= 256 && /^"[!#-~]*"$/.test(etag);
  return { kind: "body", startBytes, etag: isStrong ? etag : undefined };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Bytes of an error page that are read at most. */
const ERROR_PAGE_MAX_BYTES = 2_048;

/**
 * Error codes of S3 that a download may meet (Amazon S3 API Reference, "Error responses"). Reports repeat no other text
 * of an answer: it may come from a service of the device itself, or be written to mislead an operator.
 */
const S3_ERROR_CODES =
  "AccessDenied AccountProblem AllAccessDisabled " +
  "AuthorizationQueryParametersError ExpiredToken InternalError InvalidAccessKeyId InvalidArgument " +
  "InvalidObjectState InvalidRange InvalidRequest InvalidSecurity InvalidToken KMS.DisabledException " +
  "KMS.InvalidStateException KMS.NotFoundException MethodNotAllowed NoSuchBucket NoSuchKey " +
  "NoSuchVersion NotSignedUp PermanentRedirect PreconditionFailed RequestTimeTooSkewed RequestTimeout " +
  "ServiceUnavailable SignatureDoesNotMatch SlowDown TemporaryRedirect TokenRefreshRequired";

/**
 * Reads the error code of an S3 error page, and whether the URL has expired. Returns `undefined` if the page has no
 * known code. Passes on no other text of the page. Never throws.
 */
export async function readErrorPage(response: HttpResponse): Promise<string | undefined> {
  let text = "";
  try {
    for await (const piece of response.body) {
      for (const byte of piece.subarray(0, ERROR_PAGE_MAX_BYTES - text.length))
        text += String.fromCharCode(byte);
      if (text.length >= ERROR_PAGE_MAX_BYTES) break;
    }
  } catch {
    // Use the bytes that arrived before the connection broke.
  }
  const code = /<Code>([\w.]{1,40})<\/Code>/.exec(text)?.[1];
  if (code === undefined || !S3_ERROR_CODES.split(" ").includes(code)) return undefined;
  const isExpired = code === "AccessDenied" && text.includes("<Message>Request has expired</Message>");
  return isExpired ? `${code}: the URL has expired` : code;
}
