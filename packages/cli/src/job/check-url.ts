import {
  type Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { FotaError } from "@fota/shared";
import type { AwsAccess } from "../aws/access.js";
import { aheadSeconds, formatSkew, isSkewed, SET_CLOCK, SKEW_FAIL_SECONDS } from "../aws/clock.js";
import { noteHost } from "../aws/hosts.js";
import { logged } from "../aws/request-log.js";
import { explainUnreachable } from "../aws/unreachable.js";
import { given } from "../given.js";
import { wallClockMs } from "../wall-clock.js";
import { signedUrlEnd } from "./signed-url.js";

const ANSWER_TIMEOUT_MS = 30_000;
const ERROR_BODY_MAX_BYTES = 16 * 1024;

/**
 * Fetches the first byte of `url` as a device would, without credentials. Uses GET with Range, because the signature
 * covers the method.
 * @throws {FotaError} ACCESS_DENIED when it is refused, CREDENTIALS_REFUSED when this machine's clock is the cause,
 * UPLOAD_CORRUPT when the size differs, ENDPOINT_UNREACHABLE
 */
export async function checkImageUrl(
  url: string,
  sizeBytes: number,
  {
    ca,
    signal,
    onRequest,
    proxies,
  }: Pick<AwsAccess, "ca" | "onRequest" | "proxies"> & { signal: AbortSignal },
): Promise<void> {
  const agents = proxies?.openAgents();
  const agent = (url.startsWith("https:") ? agents?.httpsAgent : agents?.httpAgent) ?? false;
  const askedMs = wallClockMs();
  const about = { service: "S3", operation: "GET of the presigned URL", host: new URL(url).host };
  const answer = await logged(
    onRequest,
    about,
    () => get(url, agent, ca, signal),
    ({ statusCode, headers }) => given({ status: statusCode, requestId: requestIdIn(headers) }),
  );
  const answeredMs = wallClockMs();
  try {
    const status = answer.statusCode ?? 0;
    if (status !== 200 && status !== 206) {
      const code = /<Code>(\w{1,64})<\/Code>/.exec(await bodyStart(answer))?.[1] ?? "no reason given";
      throw refused(url, `HTTP ${status}, ${code}`, { date: answer.headers.date, askedMs, answeredMs });
    }
    const total =
      status === 206 ? answer.headers["content-range"]?.split("/")[1] : answer.headers["content-length"];
    if (Number(total) === sizeBytes) return;
    throw new FotaError(
      "UPLOAD_CORRUPT",
      `the presigned URL gives ${total ?? "unknown"} bytes, not ${sizeBytes}`,
      {
        hint: "publish again; no job was created",
      },
    );
  } finally {
    answer.destroy();
    if (agent !== false) agent.destroy();
  }
}

/** Explains a refusal. With a wrong clock, a URL is not valid yet or has expired: S3 answers AccessDenied to both. */
function refused(
  url: string,
  reason: string,
  { date, askedMs, answeredMs }: { date: string | undefined; askedMs: number; answeredMs: number },
): FotaError {
  const message = `the presigned URL is refused: ${reason}`;
  const rights =
    "a presigned URL has the permissions of its signer: the credentials in use need s3:GetObject";
  const time = new Date(date ?? "");
  const ahead = Number.isNaN(time.getTime()) ? undefined : aheadSeconds(time, askedMs, answeredMs);
  if (!isSkewed(ahead)) return new FotaError("ACCESS_DENIED", message, { hint: rights });
  const withClock = `${message}; ${formatSkew(ahead, { of: "the service's" })}`;
  const end = signedUrlEnd(url);
  const isWhy = Math.abs(ahead) >= SKEW_FAIL_SECONDS || (end !== undefined && end <= time);
  if (isWhy)
    return new FotaError("CREDENTIALS_REFUSED", withClock, { hint: `${SET_CLOCK}; no job was created` });
  return new FotaError("ACCESS_DENIED", withClock, { hint: `${rights}; ${SET_CLOCK}` });
}

function requestIdIn(headers: IncomingHttpHeaders): string | undefined {
  return [headers["x-amz-request-id"]].flat()[0];
}

function get(
  url: string,
  agent: Agent | false,
  ca: string[] | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const headers = { range: "bytes=0-0", "accept-encoding": "identity" };
    const options = {
      headers,
      agent,
      timeout: ANSWER_TIMEOUT_MS,
      signal,
      ...given({ ca }),
    };
    const request = send(url, options, resolve);
    const { hostname, port, protocol } = new URL(url);
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
    );
    request.on("error", (cause) => {
      if (signal.aborted) return reject(new FotaError("INTERRUPTED", "interrupted", { cause }));
      noteHost(cause, hostname, Number(port) || (protocol === "http:" ? 80 : 443));
      const { message, hint } = explainUnreachable(cause, undefined);
      reject(
        new FotaError("ENDPOINT_UNREACHABLE", `the presigned URL cannot be fetched from here: ${message}`, {
          hint: `${hint}; no job was created`,
          cause,
        }),
      );
    });
    request.end();
  });
}

async function bodyStart(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of answer) {
    text += String(piece);
    if (text.length > ERROR_BODY_MAX_BYTES) break;
  }
  return text;
}
