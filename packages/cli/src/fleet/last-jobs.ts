import { isFotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { ExecutionOfThing } from "../aws/executions.js";
import type { Iot } from "../aws/iot.js";
import { given } from "../given.js";
import { newestExecutions } from "../thing/last-report.js";
import { readJobFacts } from "./jobs-source.js";
import type { FleetThing } from "./result.js";

/** Up to this number of things, each is asked for its jobs; for more, the newest jobs are asked for their things. */
const ASKED_ONE_BY_ONE_MAX = 50;
const JOBS_READ_MAX = 20;

/** Adds the last job of each thing, as far as the newest jobs tell it. */
export async function withLastJobs(
  iot: Iot,
  things: readonly FleetThing[],
  onProgress: (text: string) => void,
): Promise<FleetThing[]> {
  if (things.length > ASKED_ONE_BY_ONE_MAX) {
    const facts = await readJobFacts(iot, { onProgress }, JOBS_READ_MAX);
    return things.map((thing) => withLastJob(thing, facts.things.get(thing.thingName)?.lastJob));
  }
  return await mapAtOnce(things, REQUESTS_AT_ONCE, async (thing) => {
    const executions = await newestExecutions(iot, thing.thingName).catch((error: unknown) => {
      if (isFotaError(error, "THING_NOT_FOUND")) return []; // deleted, and the index does not know it yet
      throw error;
    });
    return withLastJob(thing, lastJobOf(executions));
  });
}

/** Returns the job of the execution that changed last. */
export function lastJobOf(executions: readonly ExecutionOfThing[]): FleetThing["lastJob"] {
  const changed = (execution: ExecutionOfThing) => execution.lastUpdatedAt ?? execution.queuedAt;
  const [last] = [...executions].sort((a, b) => (changed(b)?.getTime() ?? 0) - (changed(a)?.getTime() ?? 0));
  if (last === undefined) return undefined;
  return { jobId: last.jobId, status: last.status, ...given({ at: changed(last)?.toISOString() }) };
}

function withLastJob(thing: FleetThing, lastJob: FleetThing["lastJob"]): FleetThing {
  return lastJob === undefined ? thing : { ...thing, lastJob };
}
