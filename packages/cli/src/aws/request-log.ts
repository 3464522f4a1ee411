import { httpStatusOf, nameOf } from "./errors.js";
import { nodeCodesOf } from "./unreachable.js";

/** Describes one request to a service and how it ended. Holds no secrets: no signature, token, query or body. */
export interface RequestRecord {
  /** `IoT`, `S3` */
  service: string;
  operation: string;
  /** `host[:port]`; absent where the AWS SDK finds it itself. */
  host?: string | undefined;
  /** Counts from 1; absent where a request is made once. */
  attempt?: number | undefined;
  durationMs: number;
  /** The HTTP status; absent when no answer came. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** AWS's name of a refusal, or the code of Node's error. */
  error?: string | undefined;
}

/** Receives every request when it has ended. */
export type OnRequest = (request: RequestRecord) => void;

type About = Pick<RequestRecord, "service" | "operation" | "host" | "attempt">;
type Answer = Pick<RequestRecord, "status" | "requestId">;

/** Sends one request and passes its record to `onRequest`, even if the request fails. */
export async function logged<T>(
  onRequest: OnRequest | undefined,
  about: About,
  send: () => Promise<T>,
  answerOf: (answer: T) => Answer = () => ({}),
): Promise<T> {
  if (onRequest === undefined) return await send();
  const startedMs = performance.now();
  const durationMs = () => Math.round(performance.now() - startedMs);
  try {
    const answer = await send();
    onRequest({ ...about, ...answerOf(answer), durationMs: durationMs() });
    return answer;
  } catch (error) {
    const status = httpStatusOf(error);
    const name = status === undefined ? (nodeCodesOf(error).at(-1) ?? nameOf(error)) : nameOf(error);
    onRequest({ ...about, status, requestId: requestIdOf(error), error: name, durationMs: durationMs() });
    throw error;
  }
}

/** Formats a record as one line: `IoT DescribeJob at 127.0.0.1:4566: 200 in 12 ms, attempt 1, request 1a2b`. */
export function formatRequest({
  service,
  operation,
  host,
  attempt,
  durationMs,
  status,
  requestId,
  error,
}: RequestRecord): string {
  const outcome = [status, error].filter((part) => part !== undefined).join(" ");
  return [
    `${service} ${operation}${host === undefined ? "" : ` at ${host}`}: ${outcome || "done"} in ${durationMs} ms`,
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
  ].join(", ");
}

function requestIdOf(error: unknown): string | undefined {
  const { $metadata } = Object(error) as { $metadata?: { requestId?: string } };
  return $metadata?.requestId;
}
