import { JOB_EXECUTION_STATUSES } from "@fota/shared";
import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest } from "../../errors.js";
import { executionsOfJob, executionsOfThing } from "../../jobs/execution-lists.js";
import { executionNotFound, findExecution } from "../../jobs/executions.js";
import { JOB_ID, readExecutionNumber, readExpectedVersion, readStatusDetails } from "../../jobs/fields.js";
import type { Execution } from "../../jobs/job.js";
import { existingJob } from "../../jobs/jobs.js";
import { secondsBeforeTimeout } from "../../jobs/payloads.js";
import { countRetries } from "../../jobs/retries.js";
import { THING_NAME } from "../../registry/fields.js";
import { existingThing } from "../../registry/things.js";
import {
  optionalBoolean,
  optionalChoice,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

/**
 * Returns the routes for job executions of the control plane: they include ended ones; times are seconds with
 * fractions.
 */
export function executionRoutes(engine: Engine) {
  return [
    route("GET /jobs/{jobId}/things", listForJob),
    route("GET /things/{thingName}/jobs", listForThing),
    route("GET /things/{thingName}/jobs/{jobId}", describeExecution),
    route("PUT /things/{thingName}/jobs/{jobId}/cancel", cancelExecution),
    route("DELETE /things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}", deleteExecution),
  ];

  function thingArn(thingName: string): string {
    return iotArn(engine.world.region, `thing/${thingName}`);
  }

  async function listForJob({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListJobExecutionsForJob", members, ["status", "maxResults", "nextToken"]);
    const status = optionalChoice(members, "status", JOB_EXECUTION_STATUSES);
    const job = existingJob(engine.world, requiredString(params, "jobId", JOB_ID));
    const { items, nextToken } = await page(executionsOfJob(job, status), "oldestFirst", members);
    return {
      executionSummaries: items.map((execution) => ({
        thingArn: thingArn(execution.thingName),
        jobExecutionSummary: summary(execution),
      })),
      nextToken,
    };
  }

  async function listForThing({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListJobExecutionsForThing", members, [
      "status",
      "jobId",
      "maxResults",
      "nextToken",
    ]);
    const status = optionalChoice(members, "status", JOB_EXECUTION_STATUSES);
    const jobId = optionalString(members, "jobId", JOB_ID);
    const { thingName } = existingThing(engine.world, requiredString(params, "thingName", THING_NAME));
    const found = executionsOfThing(engine.world, thingName, { jobId, status });
    const { items, nextToken } = await page(found, "newestFirst", members);
    return {
      executionSummaries: items.map((execution) => ({
        jobId: execution.jobId,
        jobExecutionSummary: summary(execution),
      })),
      nextToken,
    };
  }

  function describeExecution({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DescribeJobExecution", members, ["executionNumber"]);
    const { jobId, thingName } = readJobAndThing(params);
    const executionNumber = readExecutionNumber(members);
    const execution = findExecution(engine.world, { jobId, thingName, executionNumber });
    if (execution === undefined) throw executionNotFound(jobId, thingName);
    const { statusDetails } = execution;
    const detailsMap = Object.keys(statusDetails).length > 0 ? statusDetails : undefined;
    return {
      execution: {
        jobId,
        thingArn: thingArn(thingName),
        ...summary(execution),
        retryAttempt: undefined,
        forceCanceled: execution.status === "CANCELED" ? execution.forceCanceled : undefined,
        statusDetails: detailsMap === undefined ? {} : { detailsMap },
        versionNumber: execution.versionNumber,
        approximateSecondsBeforeTimedOut: secondsBeforeTimeout(execution, engine.nowMs()),
      },
    };
  }

  async function cancelExecution({ params, query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("CancelJobExecution", members, ["force"]);
    refuseUnknownMembers("CancelJobExecution", body, ["expectedVersion", "statusDetails"]);
    await engine.run("cancelExecution", {
      ...readJobAndThing(params),
      force: optionalBoolean(members, "force"),
      expectedVersion: readExpectedVersion(body),
      statusDetails: readStatusDetails(body),
    });
  }

  async function deleteExecution({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DeleteJobExecution", members, ["force"]);
    const executionNumber = readExecutionNumber(params);
    if (executionNumber === undefined) throw invalidRequest("executionNumber is missing");
    await engine.run("deleteExecution", {
      ...readJobAndThing(params),
      executionNumber,
      force: optionalBoolean(members, "force"),
    });
  }

  function readJobAndThing(params: Readonly<Record<string, string>>) {
    return {
      jobId: requiredString(params, "jobId", JOB_ID),
      thingName: requiredString(params, "thingName", THING_NAME),
    };
  }
}

function summary(execution: Readonly<Execution>) {
  return {
    status: execution.status,
    queuedAt: execution.queuedAtMs / 1000,
    startedAt: execution.startedAtMs === undefined ? undefined : execution.startedAtMs / 1000,
    lastUpdatedAt: execution.lastUpdatedAtMs / 1000,
    executionNumber: execution.executionNumber,
    retryAttempt: countRetries(execution),
  };
}
