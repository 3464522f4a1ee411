import type { HttpResponse } from "./ports.js";

/** What an answer to a GET of the image means for the download. */
export type ImageAnswer =
  /** The body starts at `startBytes` of the image; 0 where a Range was asked for and ignored. */
  | { kind: "body"; startBytes: number; etag?: string }
  /** The object is not as long as the order says. */
  | { kind: "wrong-size"; actualBytes: number }
  /** 412 and 416: not the object that the first part came from. */
  | { kind: "changed" }
  /** 400, 401, 403: what S3 answers to an expired URL, an expired token, a bad signature. */
  | { kind: "url-refused" }
  | { kind: "gone" }
  /** Overload, or an answer that makes no sense: worth asking again later. */
  | { kind: "try-again"; detail: string }
  /** An answer that asking again will not change: redirects, methods, paths. */
  | { kind: "hopeless" };

/** Reads the status and the headers of an answer to a request from `startBytes` on; the body is not touched (B-3). */
export function readImageAnswer(
  { status, headers }: HttpResponse,
  startBytes: number,
  sizeBytes: number,
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
        return { kind: "try-again", detail: `content-range is ${headers["content-range"] ?? "missing"}` };
      }
      const totalBytes = range[3] === "*" ? sizeBytes : Number(range[3]);
      if (totalBytes !== sizeBytes) return { kind: "wrong-size", actualBytes: totalBytes };
      return body(startBytes, headers["etag"]);
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
function body(startBytes: number, etag: string | undefined): ImageAnswer {
  const isStrong = etag !== undefined && etag.length <= 256 && /^"[!#-~]*"$/.test(etag);
  return isStrong ? { kind: "body", startBytes, etag } : { kind: "body", startBytes };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Most of an error page that is read. */
const ERROR_PAGE_MAX_BYTES = 2_048;

/**
 * What an S3 error page says, `<Code>: <Message>`, from its first bytes; `undefined` where it says nothing of the
 * kind. Never throws.
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
  const said = ["Code", "Message"].map((name) => between(text, `<${name}>`, `</${name}>`));
  const known = said.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.join(": ");
}

function between(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  if (from < 0) return undefined;
  const to = text.indexOf(end, from);
  return to < 0 ? undefined : text.slice(from + start.length, to);
}
