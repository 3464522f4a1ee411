import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { messageOf } from "@fota/shared";
import type { Admin } from "../admin.js";
import { clientCertificateId } from "../certificates/client-certificate.js";
import type { Log } from "../log.js";
import { rawPathOf } from "../sigv4.js";
import { routeOf, type ServiceName } from "./routing.js";
import type { RequestContext, Service } from "./service.js";

export interface FrontDoorOptions {
  services: Readonly<Record<ServiceName, Service>>;
  /** Answers under `/_fota/`. */
  admin: Admin;
  /** Why a client with this certificate is not let in; `undefined`: it is. */
  refuseCertificate: (certificateId: string) => string | undefined;
  log: Log;
}

/** The one endpoint of all services, over HTTP and over HTTPS, and of the stand-in itself under `/_fota/`. */
export function frontDoor(options: FrontDoorOptions): RequestListener {
  return (request, response) => {
    const requestId = randomUUID();
    answer(request, response, requestId, options).catch((error: unknown) => {
      options.log(`http: ${request.method} ${rawPathOf(request.url ?? "/")} failed: ${messageOf(error)}`);
      internalError(request, response, requestId);
    });
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: FrontDoorOptions,
): Promise<void> {
  const path = rawPathOf(request.url ?? "/");
  if (path.startsWith("/_fota/")) {
    await options.admin(request, response);
    return;
  }
  const { socket } = request;
  const certificateId = socket instanceof TLSSocket ? clientCertificateId(socket) : undefined;
  const fault = certificateId === undefined ? undefined : options.refuseCertificate(certificateId);
  if (fault !== undefined) {
    refuse(response, requestId, 403, "ForbiddenException", fault);
    return;
  }
  const route = routeOf(request, certificateId !== undefined);
  if ("unknown" in route) {
    const known = Object.keys(options.services).join(", ");
    const message = `the service ${route.unknown} is not modelled; here are ${known}`;
    refuse(response, requestId, 501, "NotImplementedException", message);
    return;
  }
  const context: RequestContext = { requestId, secure: socket instanceof TLSSocket };
  if (certificateId !== undefined) context.clientCertificateId = certificateId;
  await options.services[route.service](request, response, context);
}

function internalError(request: IncomingMessage, response: ServerResponse, requestId: string): void {
  if (response.headersSent) {
    response.destroy(); // the client must not take what it has for the whole answer
    return;
  }
  const route = routeOf(request, false);
  if ("service" in route && route.service === "s3") {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>The stand-in failed; its log says why.</Message><RequestId>${requestId}</RequestId></Error>`;
    response.writeHead(500, { "content-type": "application/xml", "x-amz-request-id": requestId }).end(body);
  } else {
    refuse(response, requestId, 500, "InternalFailureException", "The stand-in failed; its log says why.");
  }
}

function refuse(
  response: ServerResponse,
  requestId: string,
  status: number,
  type: string,
  message: string,
): void {
  response.setHeader("x-amzn-errortype", type);
  response.setHeader("x-amzn-requestid", requestId);
  // A body that nobody reads would hold the connection.
  response.setHeader("connection", "close");
  sendJson(response, status, { message });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
