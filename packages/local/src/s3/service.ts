/** Amazon S3 as far as images need it: signatures, routing and answers around the operations. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import { applyTransferFaults, planTransfer, type TransferPlan } from "../faults/transfer.js";
import type { RequestContext, Service } from "../http/service.js";
import { type Credentials, credentialScopeOf } from "../sigv4/sigv4.js";
import {
  chunkVerifier,
  signatureKindOf,
  type VerifiedSignature,
  verifyHeaders,
  verifyPresigned,
} from "../sigv4/verify.js";
import { refuseUnsupportedHeaders } from "./attributes.js";
import { ignoresRange, refusalOf } from "./faults.js";
import type { ObjectStore } from "./object-store.js";
import type { S3State } from "./operation.js";
import { parseS3Request, type S3Answer, type S3Request } from "./request.js";
import { operationOf } from "./route.js";
import { accessDenied, invalidRequest, notImplemented, S3Error } from "./s3-errors.js";
import { buildXml } from "./xml.js";

export interface S3ServiceOptions {
  store: ObjectStore;
  clock: Clock;
  /** Of buckets whose maker names none. */
  region: string;
  /** The key pairs that presigned URLs are held against. */
  credentials: readonly Credentials[];
  /** Also verify signatures in headers; else any is taken. A request without a signature is refused in any case. */
  verifySignatures: boolean;
  faults: FaultSource;
}

export function s3Service(options: S3ServiceOptions): Service {
  return async (request, response, context) => {
    response.setHeader("x-amz-request-id", context.requestId);
    response.setHeader("x-amz-id-2", hostIdOf(context));
    response.setHeader("server", "AmazonS3");
    try {
      await answer(request, response, context, options);
    } catch (error) {
      await restOf(request);
      refuse(request, response, context, error);
    }
  };
}

async function answer(
  raw: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  options: S3ServiceOptions,
): Promise<void> {
  const parsed = parseS3Request(raw, context.secure);
  const signature = verifySignature(raw, parsed.headers, options);
  const request: S3Request = {
    ...parsed,
    signedRegion: credentialScopeOf(raw)?.region,
    chunkVerifier: signature && chunkVerifier(signature),
  };
  if (signature !== undefined) checkRegion(request, signature, options);
  const refusal = refusalOf(options.faults, request, options.clock.nowMs());
  if (refusal !== undefined) throw refusal;
  const headers = ignoresRange(options.faults, request) ? without(request.headers, "range") : request.headers;
  refuseUnsupportedHeaders(headers);
  const operation = operationOf(request);
  const state: S3State = options;
  const body = received(raw, response, request, options.faults);
  const given = await operation({ ...request, headers, body }, state);
  await send(raw, response, given, transferOf(request, given, options.faults));
}

/**
 * What was verified; `undefined` for a signature in headers that is taken as it is.
 *
 * @throws {AwsError}
 */
function verifySignature(
  raw: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  { credentials, clock, verifySignatures }: S3ServiceOptions,
): VerifiedSignature | undefined {
  const nowMs = clock.nowMs();
  switch (signatureKindOf(raw)) {
    case "presigned":
      return verifyPresigned(raw, { credentials, nowMs });
    case "header": {
      if (!verifySignatures) return undefined;
      const payloadHash = headers["x-amz-content-sha256"];
      if (payloadHash === undefined) {
        throw invalidRequest("Missing required header for this request: x-amz-content-sha256");
      }
      return verifyHeaders(raw, { credentials, nowMs, payloadHash });
    }
    case "unsupported":
      throw invalidRequest(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
      );
    case "none":
      if (headers["content-type"]?.startsWith("multipart/form-data")) throw notImplemented("POST of a form");
      throw accessDenied();
  }
}

/** A signature is for one region, and S3 takes it only where the bucket is. */
function checkRegion(request: S3Request, { scope }: VerifiedSignature, { store }: S3ServiceOptions): void {
  const region = store.bucket(request.bucket)?.region ?? scope.region;
  if (scope.service === "s3" && scope.region === region) return;
  const presigned = request.query.has("X-Amz-Credential");
  const wrong =
    scope.service === "s3"
      ? `the region '${scope.region}' is wrong; expecting '${region}'`
      : `incorrect service "${scope.service}". This endpoint belongs to "s3".`;
  const extra = scope.service === "s3" ? { Region: region } : {};
  throw presigned
    ? new AwsError(
        "AuthorizationQueryParametersError",
        400,
        `Error parsing the X-Amz-Credential parameter; ${wrong}`,
        extra,
      )
    : new AwsError(
        "AuthorizationHeaderMalformed",
        400,
        `The authorization header is malformed; ${wrong}`,
        extra,
      );
}

function without(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
}

/** The body of a request, under the fault that strikes it, if one does. */
function received(
  raw: IncomingMessage,
  response: ServerResponse,
  { method, bucket, key, body, headers }: S3Request,
  faults: FaultSource,
): AsyncIterable<Buffer> {
  if (method !== "PUT") return body;
  const endByte = Number(headers["content-length"] ?? Number.POSITIVE_INFINITY);
  const plan = planTransfer(faults, { method, bucket, key, startByte: 0, endByte });
  if (plan === undefined) return body;
  return applyTransferFaults(body, plan, endOf(response), () => raw.socket.destroy());
}

/** The fault that strikes the body of an answer, if one does. */
function transferOf(
  { method, bucket, key }: S3Request,
  { headers = {}, body }: S3Answer,
  faults: FaultSource,
): TransferPlan | undefined {
  if (method !== "GET" || body === undefined) return undefined;
  const startByte = Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? 0);
  const endByte = startByte + Number(headers["content-length"]);
  return planTransfer(faults, { method, bucket, key, startByte, endByte });
}

function endOf(response: ServerResponse): AbortSignal {
  const ended = new AbortController();
  response.once("close", () => ended.abort());
  return ended.signal;
}

async function send(
  raw: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, xml, body }: S3Answer,
  plan: TransferPlan | undefined,
): Promise<void> {
  if (xml !== undefined) {
    response.setHeader("content-type", "application/xml");
    response.setHeader("content-length", Buffer.byteLength(xml));
  }
  try {
    response.writeHead(status, headers);
  } catch (error) {
    body?.destroy();
    throw invalidRequest(`The answer would have a header that HTTP cannot carry: ${messageOf(error)}`);
  }
  if (body === undefined || raw.method === "HEAD") {
    response.end(xml);
    return;
  }
  try {
    if (plan === undefined) {
      await pipeline(body, response);
      return;
    }
    let isCut = false;
    response.flushHeaders();
    await pipeline(
      applyTransferFaults(body, plan, endOf(response), () => {
        isCut = true;
      }),
      response,
    );
    if (isCut) raw.socket.destroySoon(); // after what was sent has gone out
  } catch {
    response.destroy(); // the client left, or the file broke: the headers are out, so nothing else can be said
  }
}

/**
 * Reads what is left of a body, as most clients send all of it before they look for the answer: one that came earlier
 * would break their connection.
 */
async function restOf(raw: IncomingMessage): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  const gone = new Promise((resolve) => raw.once("end", resolve).once("close", resolve));
  raw.resume();
  await gone;
}

function refuse(
  raw: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  error: unknown,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof AwsError
      ? error
      : new AwsError("InternalError", 500, `We encountered an internal error: ${messageOf(error)}`);
  const xml = buildXml("Error", {
    Code: refusal.code,
    Message: refusal.message,
    ...refusal.extra,
    RequestId: context.requestId,
    HostId: hostIdOf(context),
  });
  response.setHeader("content-type", "application/xml");
  if (error instanceof S3Error) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  }
  if (raw.method === "HEAD") response.writeHead(refusal.status).end();
  else response.writeHead(refusal.status, { "content-length": Buffer.byteLength(xml) }).end(xml);
}

/** Opaque, as S3's is; one for each request. */
function hostIdOf(context: RequestContext): string {
  return createHash("sha256").update(context.requestId).digest("base64");
}
