import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "@fota/shared";
import { AwsError, invalidRequest } from "../errors.js";
import type { RequestContext, Service } from "../http/service.js";
import { type Authenticate, authenticatedCertificateId } from "./authenticate.js";
import { createRouter, type RestRequest, type Route, type Router } from "./router.js";

/** Four times the largest body that the limits allow (100 target ARNs and a document of 32 KiB, escaped). */
const BODY_MAX_BYTES = 1024 * 1024;

export interface RestServiceOptions {
  /** Checks who sent a request; without it, all requests are answered. */
  authenticate?: Authenticate | undefined;
  /** Whether to leave all bodies unparsed; `body` is empty then. */
  rawBodies?: boolean;
  /** Replaces errors with those of the service. */
  translate?: (error: AwsError) => AwsError;
}

/** Creates a service of the `rest-json` protocol from its routes. */
export function restService(routes: readonly Route[], options: RestServiceOptions = {}): Service {
  const { authenticate, rawBodies = false, translate = (error) => error } = options;
  const findRoute = createRouter(routes);
  return async (request, response, context) => {
    try {
      // Without a wait, a GET is answered at once, in the same turn of the event loop.
      const body = hasBody(request) ? await readBody(request) : NO_BODY;
      // A web page has no device certificate, and `curl --data` sends the type of a form.
      if (context.clientCertificateId === undefined) refuseContentType(request.headers["content-type"]);
      authenticate?.(request, body, context);
      const certificateId = authenticatedCertificateId(request, context);
      const handled = handle(findRoute, request, {
        bytes: body,
        rawBodies,
        certificateId,
        isGone: () => response.destroyed,
      });
      const answer = handled instanceof Promise ? await handled : handled;
      send(response, 200, answer ?? {}, context);
    } catch (error) {
      sendError(response, translate(asAwsError(error)), context);
    }
  };
}

function handle(
  findRoute: Router,
  request: IncomingMessage,
  {
    bytes,
    rawBodies,
    certificateId,
    isGone,
  }: Pick<RestRequest, "certificateId" | "isGone"> & { bytes: Buffer; rawBodies: boolean },
): unknown {
  const [path = "/", search = ""] = splitOnce(request.url ?? "/", "?");
  const method = request.method ?? "GET";
  const { handler, params } = findRoute(method, path);
  const { headers } = request;
  return handler({
    method,
    path,
    query: search === "" ? NO_QUERY : new URLSearchParams(search),
    headers,
    body: rawBodies ? {} : parseBody(bytes.toString("utf8")),
    bytes,
    params,
    certificateId,
    isGone,
  });
}

/** Sends an error in AWS IoT's form: the name in a header, the message in the body. SDKs read both. */
export function sendError(response: ServerResponse, error: AwsError, context: RequestContext): void {
  response.setHeader("x-amzn-ErrorType", error.code);
  send(response, error.status, { message: error.message, ...error.extra }, context);
}

function send(response: ServerResponse, status: number, body: unknown, context: RequestContext): void {
  if (response.destroyed) return;
  // As a string, which Node.js sends together with the head in one system call; a Buffer would be a second piece.
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-amzn-RequestId": context.requestId,
  });
  response.end(text);
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError("InternalFailureException", 500, `fota local failed: ${messageOf(error)}`);
}

/** @throws {AwsError} InvalidRequestException with status 413 if the body is too large */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Listeners, because an asynchronous iterator takes several times as long for the one chunk of most bodies.
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      // Reads to the end: an earlier answer would reach the client as a broken connection.
      if (sizeBytes <= BODY_MAX_BYTES) chunks.push(chunk);
    });
    request.on("end", () => {
      if (sizeBytes > BODY_MAX_BYTES) reject(bodyTooLarge());
      else resolve(chunks.length === 1 ? (chunks[0] ?? NO_BODY) : Buffer.concat(chunks));
    });
    request.on("error", reject);
  });
}

function bodyTooLarge(): AwsError {
  return new AwsError("InvalidRequestException", 413, `the body has more than ${BODY_MAX_BYTES} bytes`);
}

const NO_BODY = Buffer.alloc(0);
const NO_QUERY = new URLSearchParams(); // nothing changes a query

/** Returns whether the head announces a body (RFC 9112, 6.3). */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Refuses the content types that a web page can send to any address without a preflight. AWS's clients send JSON, or no
 * type without a body.
 *
 * @throws {AwsError} UnsupportedMediaTypeException
 */
function refuseContentType(type: string | undefined): void {
  if (type === undefined || !/^\s*(text\/|multipart\/|application\/x-www-form-urlencoded)/i.test(type))
    return;
  const message = `the body must be JSON, with content-type: application/json, not ${type.slice(0, 100)}`;
  throw new AwsError("UnsupportedMediaTypeException", 415, message);
}

function parseBody(text: string): Record<string, unknown> {
  if (text === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    if (text.trim() === "") return {};
    throw new AwsError("SerializationException", 400, "the body is not JSON");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalidRequest("the body must be a JSON object");
  }
  return body as Record<string, unknown>;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
