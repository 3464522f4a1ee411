import { isRecord } from "../../core/guards.js";

/** Names of handlers. None leaves the folder, and none is hidden. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Returns the operation of a job document; `undefined` if it has none that can name a handler. */
export function operationOf(document: unknown): string | undefined {
  const operation = isRecord(document) ? document["operation"] : undefined;
  return typeof operation === "string" && NAME.test(operation) ? operation : undefined;
}
