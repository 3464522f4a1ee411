import { type FotaError, isFotaError } from "@fota/shared";
import { thingConnectivity } from "../aws/connectivity.js";
import type { Iot } from "../aws/iot.js";
import { groupsOf } from "../aws/memberships.js";
import { suggestThings } from "../aws/target-arn.js";
import { describeThing } from "../aws/things.js";
import { given } from "../given.js";
import { lastReport, newestExecutions, pendingOf } from "./last-report.js";
import { readPrincipals } from "./principals.js";
import type { ShownThing } from "./result.js";

/**
 * Reads all that AWS IoT has about a thing. If the connection may not be read, calls `onDenied` and leaves it out.
 * @throws {FotaError} THING_NOT_FOUND, with near names; translated AWS errors
 */
export async function showThing(
  iot: Iot,
  thingName: string,
  onDenied: (error: FotaError) => void,
): Promise<ShownThing> {
  const thing = await describeThing(iot, thingName).catch(suggestThings(iot, thingName));
  const [groups, principals, connectivity, executions] = await Promise.all([
    groupsOf(iot, thingName),
    readPrincipals(iot, thingName),
    thingConnectivity(iot, thingName).catch((error: unknown) => {
      if (!isFotaError(error, "ACCESS_DENIED")) throw error;
      onDenied(error);
      return undefined;
    }),
    newestExecutions(iot, thingName),
  ]);
  const report = await lastReport(iot, thingName, executions);
  return {
    thingName,
    thingArn: thing.arn,
    ...given({ type: thing.type }),
    attributes: thing.attributes,
    groups: groups.map(({ name }) => name),
    certificates: principals.certificates.map(({ expiresAt, ...certificate }) => ({
      ...certificate,
      ...given({ expiresAt: expiresAt?.toISOString() }),
    })),
    otherPrincipals: principals.others,
    ...given({
      connectivity: connectivity && {
        connected: connectivity.connected,
        ...given({
          since: connectivity.since?.toISOString(),
          disconnectReason: connectivity.disconnectReason,
        }),
      },
    }),
    pendingJobs: pendingOf(executions).map(({ jobId, status }) => ({ jobId, status })),
    ...given({
      firmware: report && {
        running: report.running,
        jobId: report.jobId,
        ...given({ reportedAt: report.reportedAt?.toISOString() }),
      },
    }),
  };
}
