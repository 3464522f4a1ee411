import { isFotaError } from "@fota/shared";
import { awsCommand } from "../aws/aws-command.js";
import type { Cloud } from "../aws/cloud.js";
import type { Iot } from "../aws/iot.js";
import { type JobDescription, listJobs } from "../aws/jobs.js";
import { withQueriesOf } from "../job/target-queries.js";
import { queryGroupIn } from "../job/targets.js";
import type { Deletion } from "./result.js";

/**
 * Returns the dynamic groups that fota made for the `query:` targets of a job. `fota delete` keeps them: the next publish
 * to the query uses them again, and AWS IoT does not tell what else does, such as policies. Makes two requests for each.
 */
export async function queryGroupsOf(
  { iot, access }: Pick<Cloud, "iot" | "access">,
  { jobId, targetArns }: Pick<JobDescription, "jobId" | "targetArns">,
): Promise<NonNullable<Deletion["queryGroups"]>> {
  const { queries = {} } = await withQueriesOf(iot, { targets: targetArns });
  const groups: NonNullable<Deletion["queryGroups"]> = [];
  for (const [arn, query] of Object.entries(queries)) {
    const name = queryGroupIn(arn) ?? "";
    const isTarget = await isTargetOfOther(iot, name, jobId);
    const removal = awsCommand(access, "iot", "delete-dynamic-thing-group", "--thing-group-name", name);
    groups.push({ name, query, isTarget, ...(isTarget === false && { removal }) });
  }
  return groups;
}

/** Returns whether another job has the group as a target; `null` if that cannot be read. */
async function isTargetOfOther(iot: Iot, thingGroupName: string, jobId: string): Promise<boolean | null> {
  try {
    for await (const job of listJobs(iot, { thingGroupName })) {
      if (job.jobId !== jobId && job.status !== "DELETION_IN_PROGRESS") return true;
    }
    return false;
  } catch (error) {
    if (!isFotaError(error) || error.code === "INTERRUPTED") throw error;
    return null;
  }
}
