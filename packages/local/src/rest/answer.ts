import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "@fota/shared";
import { AwsError, invalidRequest } from "../errors.js";
import type { RequestContext, Service } from "../http/service.js";
import { type Authenticate, certificateIdOf } from "./authenticate.js";
import { findRoute, type Route } from "./router.js";

/** Four times the largest body that the limits allow (100 target ARNs and a document of 32 KiB, escaped). */
const BODY_MAX_BYTES = 1024 * 1024;

export interface RestServiceOptions {
  /** Absent: whoever asks is answered. */
  authenticate?: Authenticate | undefined;
  /** Gives errors the service's own names. */
  translate?: (error: AwsError) => AwsError;
}

/** A service of the `rest-json` protocol over its routes. */
export function restService(routes: readonly Route[], options: RestServiceOptions = {}): Service {
  const { authenticate, translate = (error) => error } = options;
  return async (request, response, context) => {
    try {
      const body = await readBody(request);
      refuseContentType(request.headers["content-type"]);
      authenticate?.(request, body, context);
      const answer = await handle(routes, request, body, certificateIdOf(request, context));
      send(response, 200, answer ?? {}, context);
    } catch (error) {
      sendError(response, translate(asAwsError(error)), context);
    }
  };
}

async function handle(
  routes: readonly Route[],
  request: IncomingMessage,
  body: Buffer,
  certificateId: string | undefined,
): Promise<unknown> {
  const [path = "/", search = ""] = splitOnce(request.url ?? "/", "?");
  const method = request.method ?? "GET";
  const { handler, params } = findRoute(routes, method, path);
  const { headers } = request;
  return handler({
    method,
    path,
    query: new URLSearchParams(search),
    headers,
    body: parseBody(body.toString("utf8")),
    params,
    certificateId,
  });
}

/** AWS IoT's error form: the name in a header and the message in the body; SDKs read both. */
export function sendError(response: ServerResponse, error: AwsError, context: RequestContext): void {
  response.setHeader("x-amzn-ErrorType", error.code);
  send(response, error.status, { message: error.message, ...error.extra }, context);
}

function send(response: ServerResponse, status: number, body: unknown, context: RequestContext): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
    "x-amzn-RequestId": context.requestId,
  });
  response.end(bytes);
}

function asAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError("InternalFailureException", 500, `fota local failed: ${messageOf(error)}`);
}

/** @throws {AwsError} InvalidRequestException of status 413 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // Read on to the end: an answer before it would reach the client as a broken connection.
    if (sizeBytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  if (sizeBytes > BODY_MAX_BYTES) {
    throw new AwsError("InvalidRequestException", 413, `the body has more than ${BODY_MAX_BYTES} bytes`);
  }
  return Buffer.concat(chunks);
}

/**
 * Refuses the types that a page in a browser can send to any address without asking first. AWS's own clients send JSON,
 * or no type where there is no body.
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
  if (text.trim() === "") return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
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
