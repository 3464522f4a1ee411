import { JOB_STATUSES, JOB_TARGETS_MAX } from "@fota/shared";
import { iotArn } from "../../account.js";
import type { Engine } from "../../engine/engine.js";
import { invalidRequest, notSupported } from "../../errors.js";
import { CONFIG_MEMBERS, readJobConfig, readSchedulingConfig } from "../../jobs/config-fields.js";
import { readDocument } from "../../jobs/document-source.js";
import {
  DESCRIPTION,
  JOB_ID,
  REASON_CODE,
  readDestinations,
  readDocumentParameters,
  readTags,
} from "../../jobs/fields.js";
import type { Job } from "../../jobs/job.js";
import { listJobs as listOfJobs } from "../../jobs/job-lists.js";
import { existingJob, isCanceling, isOpen } from "../../jobs/jobs.js";
import { processDetails } from "../../jobs/payloads.js";
import type { S3Access } from "../../jobs/s3-access.js";
import { upcomingWindows } from "../../jobs/schedule.js";
import { findTaggedResource } from "../../jobs/tags.js";
import { THING_NAME } from "../../registry/fields.js";
import { groupWithId } from "../../registry/membership.js";
import {
  type Members,
  optionalBoolean,
  optionalChoice,
  optionalString,
  queryMembers,
  refuseUnknownMembers,
  requiredString,
  requiredStrings,
  type StringRule,
} from "../../rest/fields.js";
import { page } from "../../rest/paging.js";
import { type RestRequest, route } from "../../rest/router.js";

const TEMPLATE_ARN: StringRule = { min: 1, max: 1600, pattern: /^arn:[!-~]+$/ };
const JOB_MEMBERS = [
  "targets",
  "document",
  "documentSource",
  "description",
  "targetSelection",
  "schedulingConfig",
  "jobTemplateArn",
  "documentParameters",
  "destinationPackageVersions",
  "tags",
  ...CONFIG_MEMBERS,
];
const SELECTIONS = ["SNAPSHOT", "CONTINUOUS"] as const;

/** Returns the routes for jobs of the control plane. Times are seconds with fractions. */
export function jobRoutes(engine: Engine, objects: S3Access) {
  return [
    route("PUT /jobs/{jobId}", createJob),
    route("GET /jobs/{jobId}", describeJob),
    route("GET /jobs", listJobs),
    route("GET /jobs/{jobId}/job-document", getJobDocument),
    route("PATCH /jobs/{jobId}", updateJob),
    route("POST /jobs/{jobId}/targets", associateTargets),
    route("PUT /jobs/{jobId}/cancel", cancelJob),
    route("DELETE /jobs/{jobId}", deleteJob),
    route("POST /tags", tagResource),
    route("POST /untag", untagResource),
    route("GET /tags", listTags),
  ];

  function arnOf(jobId: string): string {
    return iotArn(engine.world.region, `job/${jobId}`);
  }

  async function createJob({ params, body }: RestRequest) {
    refuseUnknownMembers("CreateJob", body, JOB_MEMBERS);
    const jobId = requiredString(params, "jobId", JOB_ID);
    const targets = readTargets(body);
    const given = needsDocument(body) ? readDocument(body, objects) : {};
    const { document, documentSource } = given instanceof Promise ? await given : given;
    const job = await engine.run("createJob", {
      jobId,
      targets,
      document,
      documentSource,
      targetSelection: optionalChoice(body, "targetSelection", SELECTIONS) ?? "SNAPSHOT",
      description: optionalString(body, "description", DESCRIPTION),
      config: readJobConfig(body),
      schedulingConfig: readSchedulingConfig(body),
      jobTemplateArn: optionalString(body, "jobTemplateArn", TEMPLATE_ARN),
      documentParameters: readDocumentParameters(body),
      destinationPackageVersions: readDestinations(body),
      tags: readTags(body),
      rollsOutAtOnce: true,
    });
    return { jobArn: arnOf(jobId), jobId, description: job.description };
  }

  function describeJob({ params, query }: RestRequest) {
    const beforeSubstitution = readBeforeSubstitution("DescribeJob", query);
    const job = existingJob(engine.world, requiredString(params, "jobId", JOB_ID));
    const { config } = job;
    const windows = isOpen(job) ? upcomingWindows(job.schedulingConfig, engine.nowMs()) : [];
    return {
      documentSource: job.documentSource,
      job: {
        targets: job.targets,
        description: job.description,
        forceCanceled: job.status === "CANCELED" ? job.forceCanceled : undefined,
        reasonCode: job.reasonCode,
        comment: job.comment,
        presignedUrlConfig: config.presignedUrlConfig ?? {},
        jobExecutionsRolloutConfig: config.jobExecutionsRolloutConfig ?? {},
        abortConfig: config.abortConfig,
        timeoutConfig: config.timeoutConfig ?? {},
        jobExecutionsRetryConfig: config.jobExecutionsRetryConfig,
        schedulingConfig: job.schedulingConfig,
        jobTemplateArn: job.jobTemplateArn,
        documentParameters: job.documentParameters,
        destinationPackageVersions: beforeSubstitution ? job.packages?.given : job.packages?.installs,
        scheduledJobRollouts: windows.length > 0 ? windows.map(scheduledRollout) : undefined,
        jobProcessDetails: processDetails(job),
        ...summary(job),
      },
    };
  }

  async function listJobs({ query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListJobs", members, [
      "status",
      "targetSelection",
      "thingGroupName",
      "thingGroupId",
      "maxResults",
      "nextToken",
    ]);
    const status = optionalChoice(members, "status", JOB_STATUSES);
    const selection = optionalChoice(members, "targetSelection", SELECTIONS);
    const group = readGroupFilter(members);
    const found = listOfJobs(engine.world, { status, selection, targetArn: group?.arn });
    const { items, nextToken } = await page(found, "newestFirst", members);
    const jobs = items.map((job) => ({ thingGroupId: group?.thingGroupId, ...summary(job) }));
    return { jobs, nextToken };
  }

  /** Reads the requested group; returns its id, and the ARN that is a target of its jobs. */
  function readGroupFilter(members: Members): { arn: string; thingGroupId: string | undefined } | undefined {
    const name = optionalString(members, "thingGroupName", THING_NAME);
    const id = optionalString(members, "thingGroupId", { max: 128, pattern: /^[a-zA-Z0-9-]+$/ });
    if (name === undefined && id === undefined) return undefined;
    const found = name === undefined ? groupWithId(engine.world, id ?? "") : engine.world.groups.get(name);
    const arn = iotArn(engine.world.region, `thinggroup/${name ?? found?.thingGroupName ?? ""}`);
    return { arn, thingGroupId: found?.thingGroupId };
  }

  function getJobDocument({ params, query }: RestRequest) {
    const beforeSubstitution = readBeforeSubstitution("GetJobDocument", query);
    const { document, packages } = existingJob(engine.world, requiredString(params, "jobId", JOB_ID));
    return { document: beforeSubstitution ? (packages?.givenDocument ?? document) : document };
  }

  async function updateJob({ params, query, body }: RestRequest) {
    refuseUnknownMembers("UpdateJob", queryMembers(query), []);
    refuseUnknownMembers("UpdateJob", body, ["description", ...CONFIG_MEMBERS]);
    await engine.run("updateJob", {
      jobId: requiredString(params, "jobId", JOB_ID),
      description: optionalString(body, "description", DESCRIPTION),
      config: readJobConfig(body),
    });
  }

  async function associateTargets({ params, query, body }: RestRequest) {
    refuseUnknownMembers("AssociateTargetsWithJob", queryMembers(query), []);
    refuseUnknownMembers("AssociateTargetsWithJob", body, ["targets", "comment"]);
    const jobId = requiredString(params, "jobId", JOB_ID);
    const job = await engine.run("associateTargets", {
      jobId,
      targets: readTargets(body),
      comment: optionalString(body, "comment", DESCRIPTION),
    });
    return { jobArn: arnOf(jobId), jobId, description: job.description };
  }

  async function cancelJob({ params, query, body }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("CancelJob", members, ["force"]);
    refuseUnknownMembers("CancelJob", body, ["reasonCode", "comment"]);
    const jobId = requiredString(params, "jobId", JOB_ID);
    const job = await engine.run("cancelJob", {
      jobId,
      force: optionalBoolean(members, "force"),
      reasonCode: optionalString(body, "reasonCode", REASON_CODE),
      comment: optionalString(body, "comment", DESCRIPTION),
    });
    return { jobArn: arnOf(jobId), jobId, description: job.description };
  }

  async function deleteJob({ params, query }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("DeleteJob", members, ["force"]);
    await engine.run("deleteJob", {
      jobId: requiredString(params, "jobId", JOB_ID),
      force: optionalBoolean(members, "force"),
    });
  }

  async function tagResource({ body }: RestRequest) {
    refuseUnknownMembers("TagResource", body, ["resourceArn", "tags"]);
    await engine.run("tagResource", {
      resourceArn: requiredString(body, "resourceArn"),
      tags: readTags(body),
    });
  }

  async function untagResource({ body }: RestRequest) {
    refuseUnknownMembers("UntagResource", body, ["resourceArn", "tagKeys"]);
    const resourceArn = requiredString(body, "resourceArn");
    await engine.run("untagResource", { resourceArn, tagKeys: requiredStrings(body, "tagKeys") });
  }

  function listTags({ query }: RestRequest) {
    const members = queryMembers(query);
    if (members["nextToken"] !== undefined)
      throw notSupported("nextToken of ListTagsForResource, which returns all tags at once");
    const { tags = {} } = findTaggedResource(engine.world, requiredString(members, "resourceArn"));
    return { tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  }

  function summary(job: Readonly<Job>) {
    return {
      jobArn: arnOf(job.jobId),
      jobId: job.jobId,
      targetSelection: job.targetSelection,
      status: job.status,
      createdAt: job.createdAtMs / 1000,
      lastUpdatedAt: job.lastUpdatedAtMs / 1000,
      completedAt: job.completedAtMs === undefined ? undefined : job.completedAtMs / 1000,
      isConcurrent: (job.status === "IN_PROGRESS" && job.rollout !== undefined) || isCanceling(job),
    };
  }
}

function readTargets(body: Members): string[] {
  const targets = requiredStrings(body, "targets");
  if (targets.length === 0 || targets.length > JOB_TARGETS_MAX) {
    throw invalidRequest(`targets has ${targets.length} members, but 1 to ${JOB_TARGETS_MAX} are allowed`);
  }
  return targets;
}

/** Reads whether to show a job before its placeholders of packages were filled in. */
function readBeforeSubstitution(operation: string, query: URLSearchParams): boolean {
  const members = queryMembers(query);
  refuseUnknownMembers(operation, members, ["beforeSubstitution"]);
  return optionalBoolean(members, "beforeSubstitution");
}

/** Formats the time like the `startTime` of a schedule. */
function scheduledRollout(startMs: number) {
  return { startTime: new Date(startMs).toISOString().slice(0, 16) };
}

/** Returns whether the request must have a document, because it has no template. */
function needsDocument(body: Members): boolean {
  return body["jobTemplateArn"] === undefined || isGiven(body["document"]) || isGiven(body["documentSource"]);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
