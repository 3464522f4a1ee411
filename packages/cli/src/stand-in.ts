import type { LocalInfo } from "@fota/local";
import { FotaError, messageOf } from "@fota/shared";

export const STAND_IN_ENDPOINT = "http://127.0.0.1:4566";
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * Asks the stand-in at `endpoint` where everything is.
 * @throws {FotaError} LOCAL_NOT_RUNNING when nothing answers there, or something else does
 */
export async function findStandIn(endpoint: string, signal: AbortSignal): Promise<LocalInfo> {
  let answer: unknown;
  try {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await fetch(`${endpoint}/_fota/info`, { signal: AbortSignal.any([signal, timeout]) });
    answer = response.ok ? await response.json() : undefined;
  } catch (error) {
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

function isInfo(answer: unknown): answer is LocalInfo {
  if (typeof answer !== "object" || answer === null) return false;
  const info = answer as Record<string, unknown>;
  return ["endpoint", "https", "mqtt", "mqtts", "ca", "region"].every((key) => typeof info[key] === "string");
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : messageOf(error);
}
