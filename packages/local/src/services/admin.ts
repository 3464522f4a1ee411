/** The stand-in's own API under `/_fota/`: its addresses, faults, clock, clients, and what Basic Ingest took. */
import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import type { MovableClock } from "../clock.js";
import type { Fault } from "../faults/fault.js";
import type { Faults } from "../faults/faults.js";
import { rawPathOf } from "../sigv4/sigv4.js";

export interface AdminOptions {
  /** Returns the answer to `GET /_fota/info`. */
  info: () => unknown;
  /** A secret of the program that started the stand-in; `POST /_fota/proof` proves that the stand-in knows it. */
  secret: string | undefined;
  clock: MovableClock;
  faults: Faults;
  /** Returns the client ids of the connected MQTT clients. */
  connectedClients: () => readonly string[];
  /** Breaks the connection of an MQTT client; returns false if it is not connected. */
  disconnectClient: (clientId: string) => boolean;
  /** Returns the messages of Basic Ingest since the start, counted by rule. */
  ruleTraffic: () => readonly unknown[];
}

export type Admin = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const BODY_MAX_BYTES = 64 * 1024;

interface Answer {
  status: number;
  body: unknown;
}

/** Handles a request. `id` is the decoded last segment of the path, for routes that end with `*`. */
type Handler = (id: string, body: unknown) => Answer;

/** Creates the handler of `/_fota/...`. It rejects only if it has a bug. */
export function adminApi(options: AdminOptions): Admin {
  const routes = createRoutes(options);
  return async (request, response) => {
    const answer = await dispatch(routes, request).catch(errorAnswer);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(answer.body)}\n`);
  };
}

/** Returns the handlers by method and path; `*` stands for an id. */
function createRoutes(options: AdminOptions) {
  const { info, secret, clock, faults, connectedClients, disconnectClient, ruleTraffic } = options;
  const time = () => ({ now: new Date(clock.nowMs()).toISOString(), nowMs: clock.nowMs() });
  return new Map<string, Handler>([
    ["GET /_fota/info", () => ok(info())],
    ["GET /_fota/health", () => ok({ status: "ok" })],
    ["GET /_fota/clock", () => ok(time())],
    [
      "POST /_fota/clock",
      (_id, body) => {
        clock.advance(readAdvanceMs(body));
        return ok(time());
      },
    ],
    ["GET /_fota/faults", () => ok({ faults: faults.list() })],
    ["POST /_fota/faults", (_id, body) => ({ status: 201, body: faults.add(body as Fault) })],
    ["DELETE /_fota/faults", () => ok({ removed: faults.clear() })],
    [
      "DELETE /_fota/faults/*",
      (id) => (faults.remove(id) ? ok({ removed: 1 }) : missing(`there is no fault ${id}`)),
    ],
    ["POST /_fota/proof", (_id, body) => answerChallenge(body, secret)],
    ["GET /_fota/rules", () => ok({ rules: ruleTraffic() })],
    ["GET /_fota/clients", () => ok({ clients: connectedClients() })],
    [
      "DELETE /_fota/clients/*",
      (id) =>
        disconnectClient(id) ? ok({ disconnected: id }) : missing(`the client ${id} is not connected`),
    ],
  ]);
}

async function dispatch(routes: ReadonlyMap<string, Handler>, request: IncomingMessage): Promise<Answer> {
  const path = rawPathOf(request.url ?? "/");
  const [, base = path, rawId] = /^(\/_fota\/(?:faults|clients))\/([^/]+)$/.exec(path) ?? [];
  const route = rawId === undefined ? path : `${base}/*`;
  const handler = routes.get(`${request.method} ${route}`);
  if (handler !== undefined) return handler(decodeId(rawId ?? ""), await readJsonBody(request));
  request.resume();
  const methods = [...routes.keys()]
    .filter((key) => key.endsWith(` ${route}`))
    .map((key) => key.split(" ")[0]);
  if (methods.length > 0) return { status: 405, body: { message: `${path} supports ${methods.join(", ")}` } };
  const paths = new Set([...routes.keys()].map((key) => key.split(" ")[1]?.replace("*", "<id>")));
  return missing(`there is no ${path}, only ${[...paths].join(", ")}`);
}

/** @throws {FotaError} USAGE */
function decodeId(rawId: string): string {
  try {
    return decodeURIComponent(rawId);
  } catch {
    throw new FotaError("USAGE", `${rawId} is not percent-encoded UTF-8`);
  }
}

/**
 * Reads the JSON body of a POST. Its content type must be JSON: a web page cannot send that to another origin without a
 * preflight, which the stand-in does not allow.
 *
 * @throws {FotaError} USAGE
 */
async function readJsonBody(request: IncomingMessage): Promise<unknown> {
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

/** Answers a challenge with its HMAC-SHA-256 in hex, so that the secret itself is never sent. */
function answerChallenge(body: unknown, secret: string | undefined): Answer {
  const { challenge } = Object(body) as { challenge?: unknown };
  if (typeof challenge !== "string" || !/^[0-9a-f]{32,128}$/.test(challenge)) {
    throw new FotaError("USAGE", "the body must be {challenge} with 32 to 128 hexadecimal digits");
  }
  if (secret === undefined) return missing("this stand-in was started without a secret");
  return ok({ proof: createHmac("sha256", secret).update(challenge).digest("hex") });
}

/** @throws {FotaError} USAGE */
function readAdvanceMs(body: unknown): number {
  const { advanceMs, ...rest } = Object(body) as { advanceMs?: unknown };
  const limitMs = 100 * 365 * 86_400_000;
  if (
    Object.keys(rest).length === 0 &&
    Number.isSafeInteger(advanceMs) &&
    Math.abs(Number(advanceMs)) <= limitMs
  ) {
    return Number(advanceMs);
  }
  throw new FotaError(
    "USAGE",
    "the body must be {advanceMs} with whole milliseconds; a negative number sets the clock back",
  );
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
