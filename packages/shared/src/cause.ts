/** What is kept of an error that another library threw. */
interface Cause extends Error {
  /** Node's code, such as `ECONNREFUSED`. */
  code?: string;
  /** Of the HTTP answer. */
  status?: number;
  /** By which AWS's support finds the request. */
  requestId?: string;
  errors?: unknown[];
}

const MESSAGE_MAX_LENGTH = 1_000;
const DEPTH_MAX = 4;
const ERRORS_MAX = 8;

/**
 * Reduces what another library threw to name, message, stack, code, HTTP status and request id. Errors of the AWS SDK
 * hold the whole request and answer, and with them the `authorization` header and the session token, which test runners
 * and loggers then print. Primitive values pass; other objects become their type's name.
 */
export function reduceCause(thrown: unknown, depth = 0): unknown {
  if (typeof thrown === "function" || typeof thrown === "symbol") return typeof thrown;
  if (typeof thrown !== "object" || thrown === null) return thrown;
  if (!(thrown instanceof Error)) return Object.prototype.toString.call(thrown);
  const reduced: Cause = new Error(thrown.message.slice(0, MESSAGE_MAX_LENGTH));
  hide(reduced, "name", thrown.name);
  hide(reduced, "stack", thrown.stack?.slice(0, 4 * MESSAGE_MAX_LENGTH));
  const fields = thrown as { code?: unknown; $metadata?: unknown; errors?: unknown };
  const metadata = (fields.$metadata ?? {}) as { httpStatusCode?: unknown; requestId?: unknown };
  if (typeof fields.code === "string") reduced.code = fields.code;
  if (typeof metadata.httpStatusCode === "number") reduced.status = metadata.httpStatusCode;
  if (typeof metadata.requestId === "string") reduced.requestId = metadata.requestId;
  if (depth === DEPTH_MAX) return reduced;
  if (Array.isArray(fields.errors)) {
    reduced.errors = fields.errors.slice(0, ERRORS_MAX).map((each) => reduceCause(each, depth + 1));
  }
  if (thrown.cause !== undefined) hide(reduced, "cause", reduceCause(thrown.cause, depth + 1));
  return reduced;
}

/** As the fields of an Error are: there, but not enumerated. */
function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}
