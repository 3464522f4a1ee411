import { isFotaError } from "@fota/shared";
import { mapAtOnce, REQUESTS_AT_ONCE } from "../at-once.js";
import { findDynamicGroup } from "../aws/dynamic-groups.js";
import type { Iot } from "../aws/iot.js";
import { queryGroupIn } from "./targets.js";

interface WithTargets {
  targets?: readonly string[] | undefined;
}

/** Holds the queries of targets by the ARNs of their groups. */
interface WithQueries {
  queries?: Record<string, string>;
}

/**
 * Adds the queries of targets to jobs: a request for each group that fota made for a query, and none for other
 * targets. Leaves out what cannot be read.
 */
export async function withTargetQueries<T extends WithTargets>(
  iot: Iot,
  jobs: readonly T[],
): Promise<(T & WithQueries)[]> {
  const arns = [...new Set(jobs.flatMap(({ targets = [] }) => targets))];
  const groups = arns.flatMap((arn) => {
    const groupName = queryGroupIn(arn);
    return groupName === undefined ? [] : [{ arn, groupName }];
  });
  const found = await mapAtOnce(groups, REQUESTS_AT_ONCE, async ({ arn, groupName }) => {
    return [arn, await readQuery(iot, groupName)] as const;
  });
  const known = new Map(found);
  return jobs.map((job) => {
    const own = (job.targets ?? []).flatMap((arn) => {
      const query = known.get(arn);
      return query === undefined ? [] : [[arn, query]];
    });
    return own.length === 0 ? job : { ...job, queries: Object.fromEntries(own) };
  });
}

/** Does the same for one job. */
export async function withQueriesOf<T extends WithTargets>(iot: Iot, job: T): Promise<T & WithQueries> {
  const [found = job] = await withTargetQueries(iot, [job]);
  return found;
}

async function readQuery(iot: Iot, groupName: string): Promise<string | undefined> {
  try {
    return (await findDynamicGroup(iot, groupName))?.queryString;
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return undefined; // the caller may not read groups, and AWS's limits must not fail a command that shows jobs
  }
}
