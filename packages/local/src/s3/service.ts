/** The S3 service: verifies signatures, finds the operation, applies faults and sends the answer. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "@fota/shared";
import type { Clock } from "../clock.js";
import { AwsError } from "../errors.js";
import type { FaultSource } from "../faults/faults.js";
import { applyTransferFaults, planTransfer, type TransferPlan } from "../faults/transfer.js";
import { disconnectSignal } from "../http/disconnect-signal.js";
import type { RequestContext, Service } from "../http/service.js";
import { createChunkVerifier } from "../sigv4/chunk-verifier.js";
import { detectSignature } from "../sigv4/claim.js";
import { type Credentials, parseCredentialScope } from "../sigv4/sigv4.js";
import type { TemporaryKeys } from "../sigv4/temporary-keys.js";
import {
  checkSessionToken,
  type VerifiedSignature,
  verifyHeaders,
  verifyPresigned,
} from "../sigv4/verify.js";
import { refuseUnsupportedHeaders } from "./attributes.js";
import { findErrorFault, ignoresRange } from "./faults.js";
import type { ObjectStore } from "./object-store.js";
import type { S3State } from "./operation.js";
import { parseS3Request, type S3Answer, type S3Request } from "./request.js";
import { findOperation } from "./route.js";
import { accessDenied, invalidRequest, notImplemented, S3Error } from "./s3-errors.js";
import { sendBytes, sendPieces } from "./send-bytes.js";
import type { StoredBytes } from "./stored-bytes.js";
import { buildXml } from "./xml.js";

export interface S3ServiceOptions {
  store: ObjectStore;
  clock: Clock;
  /** Region of buckets that are created without one. */
  region: string;
  /** The accepted key pairs. */
  credentials: readonly Credentials[];
  /** Those of the credential provider. */
  temporaryKeys?: TemporaryKeys;
  /**
   * Also verifies signatures in headers. Without it, any is accepted, except with keys of `temporaryKeys` and
   * without their session token, but a request without a signature is refused.
   */
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
      await drainBody(request);
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
    signedRegion: parseCredentialScope(raw)?.region,
    chunkVerifier: signature && createChunkVerifier(signature),
  };
  if (signature !== undefined) checkRegion(request, signature, options);
  const refusal = findErrorFault(options.faults, request, options.clock.nowMs());
  if (refusal !== undefined) throw refusal;
  const headers = ignoresRange(options.faults, request)
    ? withoutHeader(request.headers, "range")
    : request.headers;
  refuseUnsupportedHeaders(headers);
  const operation = findOperation(request);
  const state: S3State = options;
  const body = applyUploadFaults(raw, request, options.faults);
  const given = await operation({ ...request, headers, body }, state);
  await send(raw, response, given, planDownload(request, given, options.faults));
}

/**
 * Returns the verified signature; `undefined` for a signature in headers of which only the session token is verified.
 *
 * @throws {AwsError}
 */
function verifySignature(
  raw: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  { credentials, temporaryKeys, clock, verifySignatures }: S3ServiceOptions,
): VerifiedSignature | undefined {
  const nowMs = clock.nowMs();
  switch (detectSignature(raw)) {
    case "presigned":
      return verifyPresigned(raw, { credentials, temporaryKeys, nowMs });
    case "header": {
      if (!verifySignatures) {
        checkSessionToken(raw, { credentials, temporaryKeys, nowMs });
        return undefined;
      }
      const payloadHash = headers["x-amz-content-sha256"];
      if (payloadHash === undefined) {
        throw invalidRequest("Missing required header for this request: x-amz-content-sha256");
      }
      return verifyHeaders(raw, { credentials, temporaryKeys, nowMs, payloadHash });
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

/** Checks that the signature is for the region of the bucket, as S3 requires. */
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

function withoutHeader(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
}

/** Returns the body of a request, with the faults for its upload. */
function applyUploadFaults(
  raw: IncomingMessage,
  { method, bucket, key, body, headers }: S3Request,
  faults: FaultSource,
): AsyncIterable<Buffer> {
  if (method !== "PUT") return body;
  const endByte = Number(headers["content-length"] ?? Number.POSITIVE_INFINITY);
  const plan = planTransfer(faults, { method, bucket, key, startByte: 0, endByte });
  if (plan === undefined) return body;
  const pieces = raw.iterator({ destroyOnReturn: false });
  return applyTransferFaults(pieces, plan, disconnectSignal(raw.socket), () => raw.socket.destroy());
}

/** Triggers the faults for the body of an answer; usually none. */
function planDownload(
  { method, bucket, key }: S3Request,
  { headers = {}, body }: S3Answer,
  faults: FaultSource,
): TransferPlan | undefined {
  if (method !== "GET" || body === undefined) return undefined;
  const startByte = Number(/^bytes (\d+)-/.exec(headers["content-range"] ?? "")?.[1] ?? 0);
  const endByte = startByte + Number(headers["content-length"]);
  return planTransfer(faults, { method, bucket, key, startByte, endByte });
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
    try {
      response.writeHead(status, headers);
    } catch (error) {
      throw invalidRequest(`The answer would need an invalid HTTP header: ${messageOf(error)}`);
    }
    if (body === undefined || raw.method === "HEAD") response.end(xml);
    else await sendBody(raw, response, body, plan);
  } finally {
    await body?.close();
  }
}

async function sendBody(
  raw: IncomingMessage,
  response: ServerResponse,
  body: StoredBytes,
  plan: TransferPlan | undefined,
): Promise<void> {
  try {
    if (plan === undefined) {
      await sendBytes(body, response);
      return;
    }
    let isCut = false;
    response.flushHeaders();
    const pieces = applyTransferFaults(body, plan, disconnectSignal(raw.socket), () => {
      isCut = true;
    });
    await sendPieces(pieces, response);
    if (isCut) raw.socket.destroySoon(); // after the sent bytes have been transmitted
  } catch {
    response.destroy(); // the client has disconnected, or the file cannot be read; the headers are already sent
  }
}

/**
 * Reads the rest of a body before an error is answered: most clients send the whole body before they read the answer, and
 * an early answer would break the connection.
 */
async function drainBody(raw: IncomingMessage): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  const ended = new Promise((resolve) => raw.once("end", resolve).once("close", resolve));
  raw.resume();
  await ended;
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

/** Returns an opaque id for each request, like S3's. */
function hostIdOf(context: RequestContext): string {
  return createHash("sha256").update(context.requestId).digest("base64");
}
