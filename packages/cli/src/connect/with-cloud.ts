import { type Cloud, openCloud } from "../aws/cloud.js";
import { withService } from "../aws/service.js";
import type { Context } from "../context.js";
import { accessOf } from "./access-of.js";

/**
 * Runs the work of a command that needs AWS IoT and S3, with region and credentials found, and closes the connections.
 * @throws {FotaError} NO_REGION, NO_CREDENTIALS, what `accessTo` and `task` throw
 */
export async function withCloud<T>(context: Context, task: (cloud: Cloud) => Promise<T>): Promise<T> {
  return await withService(openCloud(await accessOf(context), context.host.signal), async (cloud) => {
    await cloud.iot.identity();
    return await task(cloud);
  });
}
