import type { IncomingMessage, ServerResponse } from "node:http";

/** Long enough that a page does not send a preflight before each request. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** Allows pages of `origin` to read the answer. Call it before any other header is set. */
export function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("vary", "origin");
}

/** Allows pages to read all headers of the answer, not only the ones that browsers always expose. */
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

/** Returns whether the request is a browser's question if a page may send another request. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

/** Answers a preflight: allows everything that it asks for. */
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
