import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalInfo } from "@fota/local";
import { FotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { forgetAddress, type SavedAddress, savedAddresses } from "./address-file.js";

/** The default address of `fota local`. */
const DEFAULT_ENDPOINT = "http://127.0.0.1:4566";
/** A busy build machine may delay a process for many seconds. */
const ANSWER_TIMEOUT_MS = 30_000;
/** After a stand-in that will do has answered, the others get this long to answer too. */
const OTHERS_TIMEOUT_MS = 2_000;

/**
 * Finds the stand-in at `endpoint`, or the running one of this user, and asks it for its addresses.
 * @throws {FotaError} LOCAL_NOT_RUNNING when nothing answers, or another program does; ENDPOINT_UNREACHABLE when a
 * stand-in runs but does not answer in time; USAGE when several run and none has the default port
 */
export async function findStandIn(
  endpoint: string | undefined,
  host: Pick<Host, "env" | "signal">,
): Promise<LocalInfo> {
  return endpoint === undefined ? await findOwn(host) : await askNamed(endpoint, host.signal);
}

async function askNamed(endpoint: string, signal: AbortSignal): Promise<LocalInfo> {
  const limit = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  let answer: unknown;
  try {
    answer = await requestJson(`${endpoint}/_fota/info`, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (limit.aborted) throw tooSlow(endpoint, error);
    throw new FotaError("LOCAL_NOT_RUNNING", `nothing answers at ${endpoint} (${reasonOf(error)})`, {
      hint: "start `fota local` in another terminal, or set AWS_ENDPOINT_URL to where it runs",
      cause: error,
    });
  }
  if (isInfo(answer)) return answer;
  throw new FotaError("LOCAL_NOT_RUNNING", `what answers at ${endpoint} is not \`fota local\``, {
    hint: "leave --local out to use another stand-in, or start `fota local` on a free --port",
  });
}

async function findOwn({ env, signal }: Pick<Host, "env" | "signal">): Promise<LocalInfo> {
  const saved = await savedAddresses({ env });
  const { found, slow } = await askAll(saved, signal);
  const [first, ...others] = found;
  const chosen = others.length === 0 ? first : defaultOf(found);
  if (chosen !== undefined) return chosen;
  if (first !== undefined) {
    const endpoints = found.map(({ endpoint }) => endpoint).sort();
    throw new FotaError("USAGE", `several \`fota local\` run: ${endpoints.join(", ")}`, {
      hint: `name one: --local --endpoint-url ${endpoints[0]}`,
    });
  }
  if (slow !== undefined) throw tooSlow(slow.endpoint, undefined, slow.pid);
  throw new FotaError("LOCAL_NOT_RUNNING", "no `fota local` of this user runs on this machine", {
    hint: `start \`fota local\` in another terminal, or name one that runs elsewhere: --endpoint-url ${DEFAULT_ENDPOINT}`,
  });
}

/**
 * Finds the stand-in of this user that `before` describes: the one with the same state folder, even on other ports, or
 * else the one at the same address.
 * @throws {FotaError} LOCAL_NOT_RUNNING when it does not answer, whatever others run
 */
export async function findAgain(
  before: LocalInfo,
  { env, signal }: Pick<Host, "env" | "signal">,
): Promise<LocalInfo> {
  const hasSameFolder = ({ dir }: LocalInfo) => dir !== undefined && dir === before.dir;
  const hasSameAddress = ({ endpoint }: LocalInfo) => endpoint === before.endpoint;
  const { found } = await askAll(
    await savedAddresses({ env }),
    signal,
    (info) => hasSameFolder(info) || hasSameAddress(info),
  );
  const again = found.find(hasSameFolder) ?? found.find(hasSameAddress);
  if (again !== undefined) return again;
  throw new FotaError("LOCAL_NOT_RUNNING", `\`fota local\` at ${before.endpoint} does not answer`, {
    hint: "start it again at the same address, or with the same --dir",
  });
}

/** Returns the one on the default port; if --host gives several that port, the one at the default address. */
export function defaultOf<T extends Pick<LocalInfo, "endpoint">>(found: readonly T[]): T | undefined {
  const { port } = new URL(DEFAULT_ENDPOINT);
  const onPort = found.filter(({ endpoint }) => new URL(endpoint).port === port);
  return onPort.length === 1 ? onPort[0] : onPort.find(({ endpoint }) => endpoint === DEFAULT_ENDPOINT);
}

/**
 * Finds the stand-ins of this user that answer within 2 s. Returns none, and does not throw, if none runs or an address
 * cannot be read.
 */
export async function findRunning({ env, signal }: Pick<Host, "env" | "signal">): Promise<LocalInfo[]> {
  const saved = await savedAddresses({ env });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(OTHERS_TIMEOUT_MS)]);
  const infos = await Promise.all(saved.map((address) => askOwn(address, limit).catch(() => undefined)));
  return infos.filter((info) => info !== undefined);
}

/**
 * Asks all stand-ins at once. After one that `isWanted` has answered, the others get 2 s. `slow` is the first that did
 * not answer but may still run.
 */
async function askAll(
  saved: readonly SavedAddress[],
  signal: AbortSignal,
  isWanted: (info: LocalInfo) => boolean = () => true,
): Promise<{ found: LocalInfo[]; slow: SavedAddress | undefined }> {
  const enough = new AbortController();
  const limit = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  const found: LocalInfo[] = [];
  let slow: SavedAddress | undefined;
  await Promise.all(
    saved.map(async (address) => {
      try {
        const info = await askOwn(address, limit);
        if (info === undefined) return await forgetIfEnded(address);
        found.push(info);
        if (!isWanted(info)) return;
        sleep(OTHERS_TIMEOUT_MS, undefined, { ref: false, signal: limit }).then(
          () => enough.abort(),
          () => undefined,
        );
      } catch {
        if (!limit.aborted) return await forgetIfEnded(address);
        slow ??= address;
      }
    }),
  );
  enough.abort();
  return { found, slow };
}

/** Returns the stand-in's answer; `undefined` if another program answers at its address. */
async function askOwn(
  { endpoint, secret }: SavedAddress,
  signal: AbortSignal,
): Promise<LocalInfo | undefined> {
  const challenge = randomBytes(32).toString("hex");
  const answer = await requestJson(`${endpoint}/_fota/proof`, signal, { challenge });
  const { proof } = Object(answer) as { proof?: unknown };
  if (proof !== createHmac("sha256", secret).update(challenge).digest("hex")) return undefined;
  const info = await requestJson(`${endpoint}/_fota/info`, signal);
  return isInfo(info) ? info : undefined;
}

/**
 * Removes the file if its process has ended. A process with that id may be in another container, or a relay may answer
 * at the port: then the file stays.
 */
async function forgetIfEnded(address: SavedAddress): Promise<void> {
  try {
    process.kill(address.pid, 0);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") await forgetAddress(address);
  }
}

async function requestJson(url: string, signal: AbortSignal, body?: object): Promise<unknown> {
  const posted = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(url, { ...posted, signal, redirect: "error" });
  return response.ok ? await response.json() : undefined;
}

function tooSlow(endpoint: string, cause: unknown, pid?: number): FotaError {
  const which = pid === undefined ? endpoint : `\`fota local\` at ${endpoint} (process ${pid})`;
  const message = `${which} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`;
  return new FotaError("ENDPOINT_UNREACHABLE", message, {
    hint: "look at its terminal: it may be stopped (Ctrl-Z) or the machine busy; then run this command again",
    cause,
  });
}

function isInfo(answer: unknown): answer is LocalInfo {
  if (typeof answer !== "object" || answer === null) return false;
  const info = answer as Record<string, unknown>;
  return ["endpoint", "https", "mqtt", "mqtts", "ca", "region"].every((key) => typeof info[key] === "string");
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : messageOf(error);
}
