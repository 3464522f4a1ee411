import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { messageOf } from "@fota/shared";
import { isFromThisMachine } from "../addresses.js";
import { clientCertificateId, type IsRegistered } from "../certificates/client-certificate.js";
import { allowOrigin, answerPreflight, exposeHeaders, isPreflight } from "../http/cors.js";
import type { GuardRefusal, RequestGuard } from "../http/request-guard.js";
import { nextRequestId } from "../http/request-id.js";
import { routeRequest, type ServiceName } from "../http/routing.js";
import type { RequestContext, Service } from "../http/service.js";
import type { Log } from "../log.js";
import { buildXml } from "../s3/xml.js";
import { rawPathOf } from "../sigv4/sigv4.js";
import type { Admin } from "./admin.js";

export interface RequestListenerOptions {
  services: Readonly<Record<ServiceName, Service>>;
  /** Handles requests under `/_fota/`. */
  admin: Admin;
  /** Refuses foreign hosts and web pages. */
  requestGuard: RequestGuard;
  /** Returns why a client with this certificate may not connect; `undefined` if it may. */
  certificateRefusal: (certificateId: string) => string | undefined;
  isRegistered: IsRegistered;
  log: Log;
}

/** Creates the request listener for all services, and for `/_fota/`, over HTTP and HTTPS. */
export function createRequestListener(options: RequestListenerOptions): RequestListener {
  return (request, response) => {
    const requestId = nextRequestId();
    const fail = (error: unknown) => {
      options.log(`http: ${request.method} ${rawPathOf(request.url ?? "/")} failed: ${messageOf(error)}`);
      internalError(request, response, requestId);
    };
    try {
      answer(request, response, requestId, options)?.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

/** Returns what is left to do after this call, if anything. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: RequestListenerOptions,
): Promise<void> | undefined {
  const refusal = options.requestGuard.refusalOf(request);
  if (refusal !== undefined) {
    refuseByGuard(request, response, requestId, refusal);
    return undefined;
  }
  const origin = options.requestGuard.allowedOrigin(request);
  if (origin !== undefined) {
    allowOrigin(response, origin);
    if (isPreflight(request)) {
      answerPreflight(request, response);
      return undefined;
    }
    exposeHeaders(response);
  }
  const path = rawPathOf(request.url ?? "/");
  if (path.startsWith("/_fota/")) {
    if (!isFromThisMachine(request.socket)) {
      request.resume();
      refuse(
        response,
        requestId,
        403,
        "ForbiddenException",
        "/_fota/ answers only on the stand-in's own machine",
        {},
      );
      return undefined;
    }
    return options.admin(request, response);
  }
  const { socket } = request;
  const certificateId =
    socket instanceof TLSSocket ? clientCertificateId(socket, options.isRegistered) : undefined;
  const fault = certificateId === undefined ? undefined : options.certificateRefusal(certificateId);
  if (fault !== undefined) {
    refuse(response, requestId, 403, "ForbiddenException", fault);
    return undefined;
  }
  const route = routeRequest(request, certificateId !== undefined);
  if ("unknown" in route) {
    const known = Object.keys(options.services).join(", ");
    const message = `fota local does not support the service ${route.unknown}, only ${known}`;
    refuse(response, requestId, 501, "NotImplementedException", message);
    return undefined;
  }
  const context: RequestContext = { requestId, secure: socket instanceof TLSSocket };
  if (certificateId !== undefined) context.clientCertificateId = certificateId;
  return options.services[route.service](request, response, context);
}

function internalError(request: IncomingMessage, response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    response.destroy(); // so that the client does not take a partial answer for a complete one
    return;
  }
  const message = "The stand-in failed; see its log for the error.";
  if (isForS3(request)) refuseAsS3(response, requestId, 500, "InternalError", message);
  else refuse(response, requestId, 500, "InternalFailureException", message);
}

/** Refuses a request, and reads the rest of its body: most clients send the whole body before they read the answer. */
function refuseByGuard(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  { message, hint }: GuardRefusal,
): void {
  request.resume();
  const text = `${message}: ${hint}`;
  if (isForS3(request)) refuseAsS3(response, requestId, 403, "AccessDenied", text);
  else refuse(response, requestId, 403, "ForbiddenException", text, {});
}

function isForS3(request: IncomingMessage): boolean {
  if (rawPathOf(request.url ?? "/").startsWith("/_fota/")) return false;
  const route = routeRequest(request, false);
  return "service" in route && route.service === "s3";
}

function refuseAsS3(
  response: ServerResponse,
  requestId: string,
  status: number,
  code: string,
  message: string,
): void {
  const xml = buildXml("Error", { Code: code, Message: message, RequestId: requestId });
  response.writeHead(status, { "content-type": "application/xml", "x-amz-request-id": requestId }).end(xml);
}

function refuse(
  response: ServerResponse,
  requestId: string,
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = { connection: "close" }, // otherwise an unread body would block it
): void {
  response.setHeader("x-amzn-errortype", type);
  response.setHeader("x-amzn-requestid", requestId);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, { message });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
