import { isFotaError } from "@fota/shared";
import { thingConnectivity } from "../aws/connectivity.js";
import type { ExecutionOfThing } from "../aws/executions.js";
import { quoted, searchThings } from "../aws/fleet-index.js";
import type { Iot } from "../aws/iot.js";
import { groupsOf } from "../aws/memberships.js";
import { suggestThings } from "../aws/target-arn.js";
import { describeThing } from "../aws/things.js";
import { given } from "../given.js";
import { newestExecutions } from "../thing/last-report.js";
import { type FleetHead, type FleetOptions, findSource } from "./fleet.js";
import { thingOfIndex } from "./index-source.js";
import { firmwareOf, thingOfFacts, withExecution } from "./jobs-source.js";
import { lastJobOf } from "./last-jobs.js";
import type { FleetThing } from "./result.js";

/** Limits the requests for a thing that reports nothing: one for each job that succeeded on it. */
const DOCUMENTS_READ_MAX = 5;

/**
 * Reads what one thing runs, with its groups, connection and last job.
 * @throws {FotaError} THING_NOT_FOUND, with near names; INDEX_OFF; translated AWS errors
 */
export async function readFleetThing(
  iot: Iot,
  thingName: string,
  options: Pick<FleetOptions, "source" | "package" | "now">,
): Promise<{ head: FleetHead; thing: FleetThing }> {
  const { now = new Date() } = options;
  await describeThing(iot, thingName).catch(suggestThings(iot, thingName));
  const [groups, connectivity, executions, source] = await Promise.all([
    groupsOf(iot, thingName),
    thingConnectivity(iot, thingName).catch((error: unknown) => {
      if (isFotaError(error, "ACCESS_DENIED")) return undefined;
      throw error;
    }),
    newestExecutions(iot, thingName),
    findSource(iot, options),
  ]);
  const indexed = "slow" in source ? undefined : await findIndexed(iot, thingName);
  const known =
    "slow" in source || indexed === undefined
      ? await thingOfJobs(iot, thingName, executions)
      : thingOfIndex(indexed, source, now);
  const seen = [
    known.lastSeen,
    connectivity?.connected === true ? now.toISOString() : connectivity?.since?.toISOString(),
  ];
  const head: FleetHead = {
    ...("slow" in source
      ? { source: "jobs" as const, ...given({ because: source.slow }) }
      : { source: source.source, ...given({ package: source.package }) }),
    readAt: now.toISOString(),
  };
  return {
    head,
    thing: {
      ...known,
      groups: groups.map(({ name }) => name),
      ...given({
        connected: connectivity?.connected,
        lastSeen: seen
          .filter((time) => time !== undefined)
          .sort()
          .at(-1),
        lastJob: lastJobOf(executions),
      }),
    },
  };
}

async function findIndexed(iot: Iot, thingName: string) {
  for await (const thing of searchThings(iot, `thingName:${quoted(thingName)}`)) {
    if (thing.thingName === thingName) return thing; // the index ignores capitals
  }
  return undefined;
}

/** Returns the firmware of the last job that succeeded on a thing. */
async function thingOfJobs(
  iot: Iot,
  thingName: string,
  executions: readonly ExecutionOfThing[],
): Promise<FleetThing> {
  const succeeded = executions
    .filter(({ status }) => status === "SUCCEEDED")
    .sort((a, b) => (b.lastUpdatedAt?.getTime() ?? 0) - (a.lastUpdatedAt?.getTime() ?? 0));
  for (const execution of succeeded.slice(0, DOCUMENTS_READ_MAX)) {
    const firmware = await firmwareOf(iot, execution.jobId);
    if (firmware === undefined) continue; // a job of another kind
    return thingOfFacts(thingName, withExecution({}, { ...execution, thing: thingName }, firmware));
  }
  return { thingName };
}
