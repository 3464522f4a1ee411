import type { Http, HttpResponse } from "../core/ports.js";
import type { Power } from "./power.js";

export interface FakeGet {
  url: string;
  headers: Readonly<Record<string, string>>;
}

/**
 * Chooses another answer for one GET, or parts of it. `undefined` answers as S3 would. `count` is its number from 1.
 */
export type AnswerFault = (get: FakeGet, count: number) => Partial<FakeAnswer> | "no-answer" | undefined;

export interface FakeAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** The connection breaks after this many bytes of the body. */
  cutAfterBytes: number;
  /** The body never ends after its last byte. */
  stall: boolean;
}

/** A fake S3 with one object at every URL, but for those in `others`. Supports Range and If-Match, and faults that a test chooses. */
export class FakeServer {
  object: Uint8Array;
  etag = '"0123456789abcdef"';
  pieceBytes = 1000;
  fault: AnswerFault = () => undefined;
  /** Objects at other URLs, such as patches. The query of a URL does not matter. */
  readonly others = new Map<string, Uint8Array>();
  readonly gets: FakeGet[] = [];
  /** Bytes of all bodies that were sent. */
  sentBytes = 0;

  constructor(object: Uint8Array) {
    this.object = object;
  }

  http(power: Power): Http {
    return {
      get: (url, headers) =>
        power.pass("http.get", () => {
          this.gets.push({ url, headers });
          const fault = this.fault({ url, headers }, this.gets.length);
          if (fault === "no-answer") throw new Error("connection refused");
          return this.#response({ ...this.#answer(url, headers), ...fault }, power);
        }),
    };
  }

  /** The requested start offsets, in order. */
  get starts(): number[] {
    return this.gets.map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(headers["range"] ?? "bytes=0-")?.[1]));
  }

  #answer(url: string, headers: Readonly<Record<string, string>>): FakeAnswer {
    const [path = url] = url.split("?");
    const object = this.others.get(path) ?? this.object;
    const etag = this.others.has(path) ? `"of-${path.length}-${object.length}"` : this.etag;
    const plain = { cutAfterBytes: Number.POSITIVE_INFINITY, stall: false };
    const ifMatch = headers["if-match"];
    if (ifMatch !== undefined && ifMatch !== etag) {
      return { ...plain, status: 412, headers: {}, body: errorPage("PreconditionFailed") };
    }
    const range = /^bytes=(\d+)-$/.exec(headers["range"] ?? "");
    if (range === null) {
      return { ...plain, status: 200, headers: { etag, "content-length": `${object.length}` }, body: object };
    }
    const start = Number(range[1]);
    if (start >= object.length)
      return { ...plain, status: 416, headers: {}, body: errorPage("InvalidRange") };
    const contentRange = `bytes ${start}-${object.length - 1}/${object.length}`;
    const length = `${object.length - start}`;
    return {
      ...plain,
      status: 206,
      headers: { etag, "content-range": contentRange, "content-length": length },
      body: object.subarray(start),
    };
  }

  #response(answer: FakeAnswer, power: Power): HttpResponse {
    const { pieceBytes } = this;
    const count = (bytes: number) => {
      this.sentBytes += bytes;
    };
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < answer.body.length; at += pieceBytes) {
        const end = Math.min(at + pieceBytes, answer.cutAfterBytes);
        if (end > at) {
          const piece = await power.pass("http.piece", () => answer.body.slice(at, end));
          count(piece.length);
          yield piece;
        }
        if (end === answer.cutAfterBytes) throw new Error("connection reset");
      }
      if (answer.stall) await new Promise(() => {});
    }
    return { status: answer.status, headers: answer.headers, body: body() };
  }
}

/** Returns an error page as S3 writes it. */
export function errorPage(code: string, message = "as S3 says"): Uint8Array {
  const page = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return Uint8Array.from(page, (letter) => letter.charCodeAt(0));
}
