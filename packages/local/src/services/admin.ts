/** What the stand-in answers about itself, and how tests switch its faults and move its time: all under `/_fota/`. */
import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import type { MovableClock } from "../clock.js";
import type { Fault } from "../faults/fault.js";
import type { Faults } from "../faults/faults.js";
import { rawPathOf } from "../sigv4/sigv4.js";

export interface AdminOptions {
  /** What `GET /_fota/info` answers. */
  info: () => unknown;
  /** What only whoever started the stand-in knows; `POST /_fota/proof` shows that it is known here. */
  secret: string | undefined;
  clock: MovableClock;
  faults: Faults;
  /** Client ids of the MQTT clients that are connected. */
  connectedClients: () => readonly string[];
  /** Breaks the connection of an MQTT client; false when there is none. */
  disconnectClient: (clientId: string) => boolean;
}

export type Admin = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const BODY_MAX_BYTES = 64 * 1024;

interface Answer {
  status: number;
  body: unknown;
}

/** `id`: what stands in the path behind the name, decoded. */
type Handler = (id: string, body: unknown) => Answer;

/** Serves `/_fota/...`. Rejects only where it has a bug. */
export function adminApi(options: AdminOptions): Admin {
  const routes = routesOf(options);
  return async (request, response) => {
    const answer = await answerTo(routes, request).catch(errorAnswer);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(answer.body)}\n`);
  };
}

/** By method and path; `*` is an id. */
function routesOf({ info, secret, clock, faults, connectedClients, disconnectClient }: AdminOptions) {
  const time = () => ({ now: new Date(clock.nowMs()).toISOString(), nowMs: clock.nowMs() });
  return new Map<string, Handler>([
    ["GET /_fota/info", () => ok(info())],
    ["GET /_fota/health", () => ok({ status: "ok" })],
    ["GET /_fota/clock", () => ok(time())],
    [
      "POST /_fota/clock",
      (_id, body) => {
        clock.advance(advanceMsOf(body));
        return ok(time());
      },
    ],
    ["GET /_fota/faults", () => ok({ faults: faults.list() })],
    ["POST /_fota/faults", (_id, body) => ({ status: 201, body: faults.add(body as Fault) })],
    ["DELETE /_fota/faults", () => ok({ removed: faults.clear() })],
    ["DELETE /_fota/faults/*", (id) => (faults.remove(id) ? ok({ removed: 1 }) : missing(`no fault ${id}`))],
    ["POST /_fota/proof", (_id, body) => proofOf(body, secret)],
    ["GET /_fota/clients", () => ok({ clients: connectedClients() })],
    [
      "DELETE /_fota/clients/*",
      (id) => (disconnectClient(id) ? ok({ disconnected: id }) : missing(`no client ${id} is connected`)),
    ],
  ]);
}

async function answerTo(routes: ReadonlyMap<string, Handler>, request: IncomingMessage): Promise<Answer> {
  const path = rawPathOf(request.url ?? "/");
  const [, base = path, rawId] = /^(\/_fota\/(?:faults|clients))\/([^/]+)$/.exec(path) ?? [];
  const route = rawId === undefined ? path : `${base}/*`;
  const handler = routes.get(`${request.method} ${route}`);
  if (handler !== undefined) return handler(decoded(rawId ?? ""), await jsonOf(request));
  request.resume();
  const methods = [...routes.keys()]
    .filter((key) => key.endsWith(` ${route}`))
    .map((key) => key.split(" ")[0]);
  if (methods.length > 0) return { status: 405, body: { message: `${path} answers ${methods.join(", ")}` } };
  const paths = new Set([...routes.keys()].map((key) => key.split(" ")[1]?.replace("*", "<id>")));
  return missing(`nothing is at ${path}; there are ${[...paths].join(", ")}`);
}

/** @throws {FotaError} USAGE */
function decoded(rawId: string): string {
  try {
    return decodeURIComponent(rawId);
  } catch {
    throw new FotaError("USAGE", `${rawId} is not percent-encoded UTF-8`);
  }
}

/**
 * The body of a request that may have one. It must say that it is JSON: no page in a browser can send that to another
 * origin without asking first, and nobody here agrees.
 *
 * @throws {FotaError} USAGE
 */
async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes <= BODY_MAX_BYTES) pieces.push(piece);
  }
  if (request.method !== "POST") return undefined;
  if (sizeBytes > BODY_MAX_BYTES)
    throw new FotaError("USAGE", `the body has more than ${BODY_MAX_BYTES} bytes`);
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
    throw new FotaError("USAGE", "the body must be JSON, with content-type: application/json");
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch (error) {
    throw new FotaError("USAGE", `the body is not JSON: ${messageOf(error)}`);
  }
}

/** Answers a challenge with its HMAC-SHA-256 in hex, so that the secret itself never goes over the wire. */
function proofOf(body: unknown, secret: string | undefined): Answer {
  const { challenge } = Object(body) as { challenge?: unknown };
  if (typeof challenge !== "string" || !/^[0-9a-f]{32,128}$/.test(challenge)) {
    throw new FotaError("USAGE", "a proof takes {challenge}, 32 to 128 hexadecimal digits");
  }
  if (secret === undefined) return missing("this stand-in was started without a secret");
  return ok({ proof: createHmac("sha256", secret).update(challenge).digest("hex") });
}

/** @throws {FotaError} USAGE */
function advanceMsOf(body: unknown): number {
  const { advanceMs, ...rest } = Object(body) as { advanceMs?: unknown };
  const limitMs = 100 * 365 * 86_400_000;
  if (
    Object.keys(rest).length === 0 &&
    Number.isSafeInteger(advanceMs) &&
    Math.abs(Number(advanceMs)) <= limitMs
  ) {
    return Number(advanceMs);
  }
  throw new FotaError("USAGE", "the clock takes {advanceMs}, whole milliseconds; negative ones set it back");
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function missing(message: string): Answer {
  return { status: 404, body: { message } };
}

function errorAnswer(error: unknown): Answer {
  if (!isFotaError(error)) throw error;
  const { code, message, hint } = error;
  return { status: 400, body: { code, message, ...(hint !== undefined && { hint }) } };
}
