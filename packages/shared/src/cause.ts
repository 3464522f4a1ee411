import { printable } from "./printable.js";

/** The parts that are kept of an error from another library. */
interface ReducedError extends Error {
  /** Node's error code, such as `ECONNREFUSED`. */
  code?: string;
  /** HTTP status of the answer. */
  status?: number;
  /** AWS's id of the request, for AWS Support. */
  requestId?: string;
  errors?: unknown[];
}

const MESSAGE_MAX_LENGTH = 1_000;
const DEPTH_MAX = 4;
const ERRORS_MAX = 8;

/**
 * Reduces an error from another library to name, message, stack, code, HTTP status and request id. Errors of the AWS
 * SDK contain the whole request and answer with the `authorization` header and the session token, which test runners
 * and loggers would print. Escapes control characters in texts. Other primitive values are kept. Other objects are
 * replaced by the name of their type.
 */
export function reduceCause(thrown: unknown, depth = 0): unknown {
  if (typeof thrown === "function" || typeof thrown === "symbol") return typeof thrown;
  if (typeof thrown === "string") return printable(thrown);
  if (typeof thrown !== "object" || thrown === null) return thrown;
  if (!(thrown instanceof Error)) return Object.prototype.toString.call(thrown);
  const reduced: ReducedError = new Error(printable(thrown.message.slice(0, MESSAGE_MAX_LENGTH)));
  defineHidden(reduced, "name", thrown.name);
  const lines = thrown.stack?.slice(0, 4 * MESSAGE_MAX_LENGTH).split("\n");
  defineHidden(reduced, "stack", lines?.map(printable).join("\n"));
  const fields = thrown as { code?: unknown; $metadata?: unknown; errors?: unknown };
  const metadata = (fields.$metadata ?? {}) as { httpStatusCode?: unknown; requestId?: unknown };
  if (typeof fields.code === "string") reduced.code = fields.code;
  if (typeof metadata.httpStatusCode === "number") reduced.status = metadata.httpStatusCode;
  if (typeof metadata.requestId === "string") reduced.requestId = metadata.requestId;
  if (depth === DEPTH_MAX) return reduced;
  if (Array.isArray(fields.errors)) {
    reduced.errors = fields.errors.slice(0, ERRORS_MAX).map((each) => reduceCause(each, depth + 1));
  }
  if (thrown.cause !== undefined) defineHidden(reduced, "cause", reduceCause(thrown.cause, depth + 1));
  return reduced;
}

/** Defines a property that is not enumerable, like those of a normal Error. */
function defineHidden(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}
