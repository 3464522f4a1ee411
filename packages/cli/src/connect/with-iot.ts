import { type Iot, openIot } from "../aws/iot.js";
import type { Context } from "../context.js";
import { accessOf } from "./access-of.js";

/**
 * Runs the work of a command that needs AWS IoT alone, with region and credentials found, and closes the connections.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS, what `accessTo` and `task` throw
 */
export async function withIot<T>(context: Context, task: (iot: Iot) => Promise<T>): Promise<T> {
  const iot = openIot(await accessOf(context), context.host.signal);
  try {
    await iot.identity();
    return await task(iot);
  } finally {
    iot.close();
  }
}
