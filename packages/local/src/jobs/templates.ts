import { type AwsError, conflict, invalidRequest, limitExceeded, notFound } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { nextSequence } from "../registry/context.js";
import { nameInArn } from "../registry/fields.js";
import { parseDestinations } from "./destination-packages.js";
import { checkDocument } from "./documents.js";
import type { JobConfig, JobTemplate, MaintenanceWindow } from "./job.js";
import { fillInParameters, managedTemplate, parseManagedTemplateArn } from "./managed-templates.js";
import { checkPackagePlaceholders, withoutPackages } from "./package-placeholders.js";
import type { CommandContext, World } from "./world.js";

/** AWS General Reference, "AWS IoT Device Management endpoints and quotas". */
const TEMPLATES_MAX = 100;

export interface CreateJobTemplateInput {
  jobTemplateId: string;
  description: string;
  /** The job that supplies what the request leaves out. */
  jobArn?: string | undefined;
  document?: string | undefined;
  documentSource?: string | undefined;
  config: JobConfig;
  maintenanceWindows?: MaintenanceWindow[] | undefined;
  /** ARNs of the software package versions that jobs of the template install; they need not exist yet. */
  destinationPackageVersions?: string[] | undefined;
  tags: Record<string, string>;
}

/** @throws {AwsError} Conflict, ResourceNotFound (the job), LimitExceeded, InvalidRequest */
export function createJobTemplate(
  context: CommandContext,
  input: CreateJobTemplateInput,
): Readonly<JobTemplate> {
  const { world } = context;
  const { jobTemplateId, documentSource } = input;
  if (world.templates.has(jobTemplateId)) {
    throw conflict(`Job template ${jobTemplateId} already exists.`, jobTemplateId);
  }
  if (world.templates.size >= TEMPLATES_MAX)
    throw limitExceeded(`There are already ${TEMPLATES_MAX} job templates`);
  const job = input.jobArn === undefined ? undefined : jobByArn(world, input.jobArn);
  const document = input.document ?? job?.packages?.givenDocument ?? job?.document;
  if (document === undefined)
    throw invalidRequest("One of jobArn, document and documentSource must be given");
  const destinationPackageVersions = input.destinationPackageVersions ?? job?.packages?.given;
  checkPackagePlaceholders(document, parseDestinations(world, destinationPackageVersions ?? []));
  checkDocument(withoutPackages(document));
  const maintenanceWindows = input.maintenanceWindows ?? job?.schedulingConfig?.maintenanceWindows;
  const template: JobTemplate = {
    jobTemplateId,
    sequence: nextSequence(world),
    description: input.description,
    document,
    ...(documentSource !== undefined && { documentSource }),
    config: { ...job?.config, ...input.config },
    ...(maintenanceWindows !== undefined && { maintenanceWindows }),
    ...(destinationPackageVersions !== undefined && { destinationPackageVersions }),
    tags: input.tags,
    createdAtMs: context.nowMs,
  };
  put(world.templates, jobTemplateId, template);
  return template;
}

/** @throws {AwsError} ResourceNotFound */
export function deleteJobTemplate(context: CommandContext, input: { jobTemplateId: string }): void {
  existingTemplate(context.world, input.jobTemplateId);
  remove(context.world.templates, input.jobTemplateId);
}

/** @throws {AwsError} ResourceNotFound */
export function existingTemplate(world: World, jobTemplateId: string): JobTemplate {
  const template = world.templates.get(jobTemplateId);
  if (template === undefined) throw notFound(`Job template ${jobTemplateId} does not exist.`);
  return template;
}

/** What a template supplies for members that the request leaves out. */
export type TemplateDefaults = Pick<
  JobTemplate,
  | "document"
  | "documentSource"
  | "description"
  | "config"
  | "maintenanceWindows"
  | "destinationPackageVersions"
>;

/** @throws {AwsError} ResourceNotFound; InvalidRequest for document parameters that the template does not have */
export function templateDefaults(
  world: World,
  arn: string,
  documentParameters: Readonly<Record<string, string>> | undefined,
): TemplateDefaults {
  const managed = parseManagedTemplateArn(arn);
  if (managed !== undefined) {
    const template = managedTemplate(managed.name, managed.version);
    const document = fillInParameters(template, documentParameters ?? {});
    return { document, description: template.description, config: {} };
  }
  if (documentParameters !== undefined) throw parametersNotAllowed();
  return existingTemplate(world, nameInArn(arn, "jobtemplate"));
}

export function parametersNotAllowed(): AwsError {
  return invalidRequest("documentParameters can only be used with a job template managed by AWS");
}

function jobByArn(world: World, arn: string) {
  const jobId = nameInArn(arn, "job");
  const job = world.jobs.get(jobId);
  if (job === undefined) throw notFound(`Job ${jobId} does not exist.`);
  return job;
}
