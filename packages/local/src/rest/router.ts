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
 * Creates a route, as in `route("GET /things/{thingName}", handler)`. Its first segment is literal. A parameter with a
 * plus sign, as in `POST /topics/{topic+}`, stands for all remaining segments, whose slashes a client may leave
 * unencoded.
 */
export function route(operation: string, handler: Handler): Route {
  const [method = "", path = ""] = operation.split(" ");
  return { method, segments: path.split("/").slice(1), handler };
}

/** A route that a request has matched, with the values of its parameters. */
interface FoundRoute {
  handler: Handler;
  params: Record<string, string>;
}

/**
 * Finds the route of a request. A route with a literal segment is preferred to one with a parameter.
 * @throws {AwsError} with method and path, if there is none
 */
export type Router = (method: string, path: string) => FoundRoute;

/** Creates the router of `routes`. It tries only those that have the method and the first segment of a request. */
export function createRouter(routes: readonly Route[]): Router {
  const byMethod = new Map<string, Map<string | undefined, Route[]>>();
  for (const each of [...routes].sort((a, b) => countParams(a) - countParams(b))) {
    const byFirst = byMethod.get(each.method) ?? new Map<string | undefined, Route[]>();
    byMethod.set(each.method, byFirst);
    byFirst.set(each.segments[0], [...(byFirst.get(each.segments[0]) ?? []), each]);
  }
  return (method, path) => {
    const sent = path.slice(1).split("/");
    const segments = path.includes("%") ? sent.map(decodeSegment) : sent;
    const candidates = byMethod.get(method)?.get(segments[0]);
    const found = candidates?.find((each) => matches(each.segments, segments));
    if (found === undefined) throw notSupported(`${method} ${path}`);
    return { handler: found.handler, params: readParams(found.segments, segments) };
  };
}

function matches(template: readonly string[], segments: readonly string[]): boolean {
  const last = template.length - 1;
  const isOpen = isOpenParam(template[last]);
  if (isOpen ? segments.length <= last : segments.length !== template.length) return false;
  return template.every((part, index) => {
    if (!isParam(part)) return part === segments[index];
    return segments[index] !== "" || (isOpen && index === last && segments.length > template.length);
  });
}

function readParams(template: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    if (isOpenParam(part)) params[part.slice(1, -2)] = segments.slice(index).join("/");
    else if (isParam(part)) params[part.slice(1, -1)] = segments[index] ?? "";
  }
  return params;
}

function countParams({ segments }: Route): number {
  return segments.filter(isParam).length;
}

function isParam(part: string): boolean {
  return part.startsWith("{");
}

function isOpenParam(part = ""): boolean {
  return part.endsWith("+}");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidRequest(`the path segment ${segment} is not percent-encoded UTF-8`);
  }
}
