import type { HttpResponse } from "./ports.js";

/** What an answer to a GET of the image means for the download. */
export type ImageAnswer =
  /** The body starts at `startBytes` of the image; 0 where a Range was asked for and ignored. */
  | { kind: "body"; startBytes: number; etag?: string }
  /** The object does not have the size in the job document. */
  | { kind: "wrong-size"; actualBytes: number }
  /** 412 and 416, or another ETag: not the object that the first part came from. */
  | { kind: "changed" }
  /** 400, 401, 403: what S3 answers to an expired URL, an expired token, a bad signature. */
  | { kind: "url-refused" }
  | { kind: "gone" }
  /** Overload, or an answer that makes no sense: worth asking again later. */
  | { kind: "try-again"; detail: string }
  /** An answer that asking again will not change: redirects, methods, paths. */
  | { kind: "hopeless" };

/**
 * Reads the status and the headers of an answer to a request from `startBytes` on; the body is not touched (B-3).
 * `knownEtag`: of the object that the first part came from.
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
        const what = range === null ? "no part of the image" : `a part from byte ${range[1]} on`;
        return { kind: "try-again", detail: `the server sent ${what}, not from byte ${startBytes} on` };
      }
      const totalBytes = range[3] === "*" ? sizeBytes : Number(range[3]);
      if (totalBytes !== sizeBytes) return { kind: "wrong-size", actualBytes: totalBytes };
      const answer = body(startBytes, headers["etag"]);
      // A cache that ignores If-Match would add the end of another object to the start of ours.
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
    case 408:
    case 429:
      return { kind: "try-again", detail: `the server answered ${status}` };
    default:
      if (status >= 500) return { kind: "try-again", detail: `the server answered ${status}` };
      return { kind: "hopeless" };
  }
}

/** If-Match compares strongly (RFC 9110, 13.1.1): a weak ETag would never match again. */
function body(startBytes: number, etag: string | undefined): Extract<ImageAnswer, { kind: "body" }> {
  const isStrong = etag !== undefined && etag.length <= 256 && /^"[!#-~]*"$/.test(etag);
  return isStrong ? { kind: "body", startBytes, etag } : { kind: "body", startBytes };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Most of an error page that is read. */
const ERROR_PAGE_MAX_BYTES = 2_048;

/**
 * Error codes of S3 (Amazon S3 API Reference, "Error responses") that a download may meet. Nothing else of an answer
 * is repeated: it may come from a service of the device itself, or hold whatever somebody wants an operator to read.
 */
const S3_ERROR_CODES: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccountProblem",
  "AllAccessDisabled",
  "AuthorizationHeaderMalformed",
  "AuthorizationQueryParametersError",
  "ExpiredToken",
  "InternalError",
  "InvalidAccessKeyId",
  "InvalidArgument",
  "InvalidObjectState",
  "InvalidRange",
  "InvalidRequest",
  "InvalidSecurity",
  "InvalidToken",
  "KMS.DisabledException",
  "KMS.InvalidStateException",
  "KMS.NotFoundException",
  "MethodNotAllowed",
  "NoSuchBucket",
  "NoSuchKey",
  "NoSuchVersion",
  "NotSignedUp",
  "PermanentRedirect",
  "PreconditionFailed",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "ServiceUnavailable",
  "SignatureDoesNotMatch",
  "SlowDown",
  "TemporaryRedirect",
  "TokenRefreshRequired",
]);

/**
 * Returns the error code of an S3 error page from its first bytes, and whether it tells of an expired URL; `undefined`
 * where it has no known code. No character of the page is passed on. Never throws.
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
    // What came before the break is enough.
  }
  const code = between(text, "<Code>", "</Code>");
  if (code === undefined || !S3_ERROR_CODES.has(code)) return undefined;
  const isExpired =
    code === "AccessDenied" && between(text, "<Message>", "</Message>") === "Request has expired";
  return isExpired ? `${code}: the URL has expired` : code;
}

function between(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  if (from < 0) return undefined;
  const to = text.indexOf(end, from);
  return to < 0 ? undefined : text.slice(from + start.length, to);
}
