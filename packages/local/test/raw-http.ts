/** Raw HTTP, for requests that no client library would send. */
import { type IncomingHttpHeaders, request } from "node:http";

export interface RawAnswer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
  /** Whether the connection broke before the body was complete. */
  cut: boolean;
}

export interface RawOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Sends `url` unchanged; names below localhost resolve to 127.0.0.1. */
export function rawGet(
  url: string,
  { method = "GET", headers = {}, body }: RawOptions = {},
): Promise<RawAnswer> {
  const [, authority = "", path = "/"] = /^http:\/\/([^/]+)(\/.*)?$/s.exec(url) ?? [];
  const port = Number(authority.split(":")[1]);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port, path, method, headers: { host: authority, ...headers }, agent: false },
      (response) => {
        const pieces: Buffer[] = [];
        const done = (cut: boolean) => {
          const text = Buffer.concat(pieces).toString();
          resolve({ status: response.statusCode, headers: response.headers, text, cut });
        };
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () => done(false));
        response.on("error", () => done(true));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
