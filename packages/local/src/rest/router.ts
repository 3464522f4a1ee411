import type { IncomingHttpHeaders } from "node:http";
import { invalidRequest, notSupported } from "../errors.js";

/** A parsed request. */
export interface RestRequest {
  method: string;
  /** Not decoded: each segment is decoded on its own, so that an encoded slash stays inside its segment. */
  path: string;
  query: URLSearchParams;
  /** By lower-case name. */
  headers: IncomingHttpHeaders;
  /** The JSON object of the body; empty if there was no body. */
  body: Record<string, unknown>;
  /** The body as it was sent. */
  bytes: Uint8Array;
  /** Values of the `{names}` in the route's path. */
  params: Readonly<Record<string, string>>;
  /** Id of the certificate that authenticates the client; `undefined` if a signature does. */
  certificateId: string | undefined;
}

/** Handles a request; returns the JSON of the answer, or `undefined` for an empty object. */
export type Handler = (request: RestRequest) => unknown;

export interface Route {
  method: string;
  segments: string[];
  handler: Handler;
}

/**
 * Creates a route, as in `route("GET /things/{thingName}", handler)`. A parameter with a plus sign, as in
 * `POST /topics/{topic+}`, stands for all remaining segments, whose slashes a client may leave unencoded.
 */
export function route(operation: string, handler: Handler): Route {
  const [method = "", path = ""] = operation.split(" ");
  return { method, segments: path.split("/").slice(1), handler };
}

/**
 * Finds the route of a request. A route with a literal segment is preferred to one with a parameter.
 * @throws {AwsError} with method and path, if there is none
 */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { handler: Handler; params: Record<string, string> } {
  const segments = path.split("/").slice(1).map(decodeSegment);
  let best: { handler: Handler; params: Record<string, string> } | undefined;
  for (const candidate of routes) {
    if (candidate.method !== method) continue;
    const params = matchSegments(candidate.segments, segments);
    if (params === undefined) continue;
    if (best === undefined || Object.keys(params).length < Object.keys(best.params).length) {
      best = { handler: candidate.handler, params };
    }
  }
  if (best === undefined) throw notSupported(`${method} ${path}`);
  return best;
}

function matchSegments(template: readonly string[], segments: readonly string[]) {
  const last = template.length - 1;
  const isOpen = template[last]?.endsWith("+}") === true;
  if (isOpen ? segments.length <= last : segments.length !== template.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    if (isOpen && index === last) {
      const rest = segments.slice(last).join("/");
      return rest === "" ? undefined : { ...params, [part.slice(1, -2)]: rest };
    }
    const segment = segments[index] ?? "";
    if (part.startsWith("{")) {
      if (segment === "") return undefined;
      params[part.slice(1, -1)] = segment;
    } else if (part !== segment) return undefined;
  }
  return params;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidRequest(`the path segment ${segment} is not percent-encoded UTF-8`);
  }
}
