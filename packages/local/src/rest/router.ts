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
  /** Returns whether the client has closed the connection: nobody reads the answer then. */
  isGone(): boolean;
}

/** Handles a request; returns the JSON of the answer, or `undefined` for an empty object. */
export type Handler = (request: RestRequest) => unknown;

export interface Route {
  method: string;
  segments: string[];
  handler: Handler;
}

/** A route, prepared for the search. */
interface Candidate {
  segments: readonly string[];
  /** Names and places of its parameters. */
  params: readonly { name: string; index: number }[];
  /** Whether the last parameter stands for all remaining segments. */
  isOpen: boolean;
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
  const byMethod = new Map<string, Map<string | undefined, Candidate[]>>();
  for (const { method, segments, handler } of [...routes].sort((a, b) => countParams(a) - countParams(b))) {
    const byFirst = byMethod.get(method) ?? new Map<string | undefined, Candidate[]>();
    byMethod.set(method, byFirst);
    const candidate = { segments, params: paramsOf(segments), isOpen: isOpenParam(segments.at(-1)), handler };
    byFirst.set(segments[0], [...(byFirst.get(segments[0]) ?? []), candidate]);
  }
  return (method, path) => {
    const sent = splitPath(path);
    const segments = path.includes("%") ? sent.map(decodeSegment) : sent;
    for (const candidate of byMethod.get(method)?.get(segments[0]) ?? []) {
      if (matches(candidate, segments))
        return { handler: candidate.handler, params: readParams(candidate, segments) };
    }
    throw notSupported(`${method} ${path}`);
  };
}

/** Returns the segments of a path. `split` would take several times as long for a path of its own. */
function splitPath(path: string): string[] {
  const segments: string[] = [];
  let start = 1;
  for (let end = path.indexOf("/", start); end >= 0; end = path.indexOf("/", start)) {
    segments.push(path.slice(start, end));
    start = end + 1;
  }
  segments.push(path.slice(start));
  return segments;
}

function matches({ segments: template, isOpen }: Candidate, segments: readonly string[]): boolean {
  const last = template.length - 1;
  if (isOpen ? segments.length <= last : segments.length !== template.length) return false;
  return template.every((part, index) => {
    if (!isParam(part)) return part === segments[index];
    return segments[index] !== "" || (isOpen && index === last && segments.length > template.length);
  });
}

function readParams({ params, isOpen }: Candidate, segments: readonly string[]): Record<string, string> {
  const read: Record<string, string> = {};
  for (const { name, index } of params) read[name] = segments[index] ?? "";
  const last = isOpen ? params.at(-1) : undefined;
  if (last !== undefined) read[last.name] = segments.slice(last.index).join("/");
  return read;
}

function paramsOf(template: readonly string[]): Candidate["params"] {
  return template.flatMap((part, index) => {
    if (!isParam(part)) return [];
    return [{ name: part.slice(1, isOpenParam(part) ? -2 : -1), index }];
  });
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
