import { type Iot, openIot } from "../aws/iot.js";
import { withService } from "../aws/service.js";
import type { Context } from "../context.js";
import { accessOf } from "./access-of.js";

/**
 * Runs the work of a command that needs AWS IoT alone, with region and credentials found, and closes the connections.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS, what `accessTo` and `task` throw
 */
export async function withIot<T>(context: Context, task: (iot: Iot) => Promise<T>): Promise<T> {
  return await withService(openIot(await accessOf(context), context.host.signal), async (iot) => {
    await iot.identity();
    return await task(iot);
  });
}
