import type { IncomingMessage, ServerResponse } from "node:http";

/** Long enough that a page does not ask before each request. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** Lets pages of `origin` read the answer: set before anything else is. */
export function allowReading(response: ServerResponse, origin: string): void {
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("vary", "origin");
}

/** The names of headers that a page may read beside those that any may: all that an answer has. */
export function exposeHeaders(response: ServerResponse): void {
  const writeHead = response.writeHead;
  response.writeHead = function (this: ServerResponse, ...given: unknown[]) {
    const last = given.at(-1);
    const names = [
      ...response.getHeaderNames(),
      ...Object.keys(typeof last === "object" ? Object(last) : {}),
    ];
    const shown = names.filter((name) => !name.startsWith("access-control-") && name !== "vary");
    response.setHeader("access-control-expose-headers", shown.join(", "));
    return Reflect.apply(writeHead, this, given);
  } as typeof writeHead;
}

/** Whether a browser asks if a page may send a request. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

/** Answers it for a page that may do whatever it asks for. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  const { headers } = request;
  const wanted = headers["access-control-request-headers"];
  response.writeHead(204, {
    "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE, PATCH",
    ...(typeof wanted === "string" && { "access-control-allow-headers": wanted }),
    ...(headers["access-control-request-private-network"] === "true" && {
      "access-control-allow-private-network": "true",
    }),
    "access-control-max-age": String(PREFLIGHT_MAX_AGE_SECONDS),
  });
  response.end();
}
