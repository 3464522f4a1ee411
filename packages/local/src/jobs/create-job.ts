import { iotArn } from "../account.js";
import { alreadyExists, invalidRequest } from "../errors.js";
import { put } from "../listing/indexes.js";
import { nextSequence } from "../registry/context.js";
import { WatchedMap } from "../state/watched-map.js";
import { fillInPackages } from "./destination-packages.js";
import { checkDocument, checkRole } from "./documents.js";
import { noExecutions } from "./execution-changes.js";
import type { Job, JobConfig, SchedulingConfig, TargetSelection } from "./job.js";
import { scheduleWake } from "./jobs.js";
import { rollOutToThings } from "./rollout.js";
import { checkSchedule, scheduleAt } from "./schedule.js";
import { checkTargetExists } from "./targets.js";
import { parametersNotAllowed, templateDefaults } from "./templates.js";
import type { CommandContext, World } from "./world.js";

export interface CreateJobInput {
  jobId: string;
  targets: string[];
  /** May be absent if the job has a template. */
  document?: string | undefined;
  documentSource?: string | undefined;
  targetSelection: TargetSelection;
  description?: string | undefined;
  config: JobConfig;
  schedulingConfig?: SchedulingConfig | undefined;
  jobTemplateArn?: string | undefined;
  /** Parameters of a template that AWS manages. */
  documentParameters?: Record<string, string> | undefined;
  /** ARNs of the software package versions that the job installs. */
  destinationPackageVersions?: string[] | undefined;
  tags: Record<string, string>;
  /**
   * Create the executions in this command, if the targets are things. Absent in journals of earlier builds, in which a
   * tick creates them.
   */
  rollsOutAtOnce?: boolean | undefined;
}

/**
 * Creates a job. Later ticks create the executions, because AWS also creates them after it has answered. With `rollsOutAtOnce`,
 * those of single things, of which a job has few, come with the job: one command costs less than two, and the
 * notifications follow the answer all the same.
 *
 * @throws {AwsError} ResourceAlreadyExists, ResourceNotFound (a target), InvalidRequest
 */
export function createJob(context: CommandContext, input: CreateJobInput): Readonly<Job> {
  const { world, nowMs } = context;
  const { jobId } = input;
  if (world.jobs.has(jobId)) {
    throw alreadyExists(`Job ${jobId} already exists.`, jobId, iotArn(world.region, `job/${jobId}`));
  }
  for (const arn of input.targets) checkTargetExists(world, arn);
  const { targetSelection, jobTemplateArn } = input;
  const given = withTemplate(world, input);
  const { documentSource, description, config, schedulingConfig } = given;
  const { document, packages } = fillInPackages(world, {
    document: given.document,
    arns: given.destinationPackageVersions,
    hasRole: config.presignedUrlConfig?.roleArn !== undefined,
  });
  checkDocument(document);
  checkRole(document, config);
  if (schedulingConfig !== undefined) checkSchedule(schedulingConfig, targetSelection, nowMs);
  const targets = input.targets.length === 1 ? [...input.targets] : [...new Set(input.targets)];
  const job: Job = {
    jobId,
    sequence: nextSequence(world),
    status: scheduleAt(schedulingConfig, nowMs).open ? "IN_PROGRESS" : "SCHEDULED",
    targetSelection,
    targets,
    document,
    documentSource,
    description,
    forceCanceled: false,
    config,
    schedulingConfig,
    jobTemplateArn,
    documentParameters: input.documentParameters,
    packages,
    tags: input.tags,
    createdAtMs: nowMs,
    lastUpdatedAtMs: nowMs,
    executions: new WatchedMap(),
    counts: noExecutions(),
    rollout: { targets: [...targets], dueMs: nowMs },
    sweep: undefined,
    pace: { notified: 0 },
    wakeAtMs: undefined,
  };
  put(world.jobs, jobId, job);
  if (input.rollsOutAtOnce) rollOutToThings(context, job);
  scheduleWake(context, job);
  return job;
}

/** Merges the request over the defaults of its template. @throws {AwsError} ResourceNotFound, InvalidRequest */
function withTemplate(world: World, input: CreateJobInput) {
  const { jobTemplateArn, documentParameters } = input;
  if (jobTemplateArn === undefined && documentParameters !== undefined) throw parametersNotAllowed();
  const template =
    jobTemplateArn === undefined ? undefined : templateDefaults(world, jobTemplateArn, documentParameters);
  const document = input.document ?? template?.document;
  if (document === undefined) throw invalidRequest("Either document or documentSource must be given");
  const windows = template?.maintenanceWindows;
  return {
    document,
    documentSource: input.document === undefined ? template?.documentSource : input.documentSource,
    description: input.description ?? template?.description,
    config: template === undefined ? input.config : { ...template.config, ...input.config },
    schedulingConfig: windows
      ? { maintenanceWindows: windows, ...input.schedulingConfig }
      : input.schedulingConfig,
    destinationPackageVersions:
      input.destinationPackageVersions ?? template?.destinationPackageVersions ?? [],
  };
}
