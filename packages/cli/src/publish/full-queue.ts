import { isFotaError, PENDING_EXECUTIONS_SHOWN_MAX } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { listPendingJobIds } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";

/**
 * Each thing takes two of the ten requests that AWS allows per second; in a fleet, a few things show whether queues are
 * full.
 */
const LOOKED_AT_MAX = 5;

/**
 * Returns warnings for things whose pending queue is so long that AWS IoT will not list a new job to them. Reads the
 * queues of the first few. A queue that cannot be read gives no warning, because publishing works without it.
 */
export async function fullQueues(iot: Iot, jobId: string, things: readonly string[]): Promise<string[]> {
  const warnings = await mapAtOnce(things.slice(0, LOOKED_AT_MAX), REQUESTS_AT_ONCE, async (thing) => {
    try {
      const others = (await listPendingJobIds(iot, thing)).filter((other) => other !== jobId);
      return others.length < PENDING_EXECUTIONS_SHOWN_MAX ? [] : [warningOf(thing, others)];
    } catch (error) {
      if (isFotaError(error, "INTERRUPTED") || !isFotaError(error)) throw error;
      return [];
    }
  });
  return warnings.flat();
}

function warningOf(thing: string, others: readonly string[]): string {
  const hidden = others.length - PENDING_EXECUTIONS_SHOWN_MAX + 1;
  return `${thing} has ${others.length} pending jobs, and AWS IoT lists only the first ${PENDING_EXECUTIONS_SHOWN_MAX} to a device: it sees this one when ${hidden} of them ${hidden === 1 ? "has" : "have"} ended; \`fota list --target ${thing}\` shows them`;
}
