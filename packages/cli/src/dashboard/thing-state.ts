import { decodeStatusDetails, isFotaError, isTerminal } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import type { Cloud } from "../aws/cloud.js";
import { describeExecution } from "../aws/executions.js";
import type { Context } from "../context.js";
import type { FleetHead } from "../fleet/fleet.js";
import { readFleetThing } from "../fleet/read-thing.js";
import type { FleetThing } from "../fleet/result.js";
import { thingSummary } from "../status/reports.js";
import type { ThingSummary } from "../status/result.js";
import { newestExecutions } from "../thing/last-report.js";
import type { ShownThing } from "../thing/result.js";
import { showThing } from "../thing/show.js";
import { answer } from "../why/answer.js";
import { readFacts } from "../why/read.js";
import type { Explanation } from "../why/result.js";

/** What the page of a thing shows. */
export interface ThingState {
  thing: ShownThing;
  /** Its executions, the newest first, with the reports of the newest ones. */
  executions: (ThingSummary & { jobId: string })[];
  /** What it runs, with the source of that; `undefined` if it may not be read. */
  runs: { head: FleetHead; thing: FleetThing } | undefined;
  /** Why its current job, else its newest one, has its state; `undefined` if it has no job. */
  explanation: Explanation | undefined;
  /** What could not be read. */
  unknown: string[];
}

/** Each report takes a request. */
const REPORTS_MAX = 10;

/** Reads a thing with its jobs. @throws {FotaError} THING_NOT_FOUND, with near names */
export async function readThingState(context: Context, cloud: Cloud, thingName: string): Promise<ThingState> {
  const { iot } = cloud;
  const unknown: string[] = [];
  const thing = await showThing(iot, thingName, (error) => unknown.push(error.message));
  const runs = await readFleetThing(iot, thingName, {}).catch((error: unknown) => {
    if (!isFotaError(error, "ACCESS_DENIED")) throw error;
    unknown.push(error.message);
    return undefined;
  });
  const listed = (await newestExecutions(iot, thingName)).sort(
    (a, b) => timeOf(b.queuedAt) - timeOf(a.queuedAt),
  );
  const reports = await mapAtOnce(
    listed.slice(0, REPORTS_MAX),
    REQUESTS_AT_ONCE,
    ({ jobId, executionNumber }) => describeExecution(iot, jobId, thingName, executionNumber),
  );
  const executions = listed.map(({ jobId, ...execution }, i) => ({
    jobId,
    ...thingSummary({ thing: thingName, ...execution }, decodeStatusDetails(reports[i]?.details)),
  }));
  const current =
    executions.find(({ status }) => status === "IN_PROGRESS") ??
    [...executions].reverse().find(({ status }) => !isTerminal(status)) ??
    executions[0];
  return {
    thing,
    runs,
    executions,
    explanation:
      current &&
      answer(context, cloud, await readFacts(cloud, current.jobId, thingName), {
        thing: thingName,
        absolute: true,
      }),
    unknown,
  };
}

function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? 0;
}
