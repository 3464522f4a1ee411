import { iotArn } from "../account.js";
import { AwsError, alreadyExists, deleteConflict } from "../errors.js";
import { put, remove } from "../listing/indexes.js";
import { nextSequence, type RegistryContext } from "../registry/context.js";
import {
  existingProvisioningTemplate,
  existingTemplateVersion,
  provisioningOf,
} from "../registry/provisioning.js";
import type { ProvisioningTemplate, ProvisioningTemplateVersion } from "../registry/registry.js";
import { parseTemplateBody } from "./template-body.js";

/** AWS General Reference, "AWS IoT Core endpoints and quotas": fleet provisioning template versions per template. */
const VERSIONS_MAX = 5;

export interface CreateProvisioningTemplateInput {
  templateName: string;
  description?: string | undefined;
  templateBody: string;
  enabled: boolean;
  provisioningRoleArn: string;
  tags: Record<string, string>;
}

/** @throws {AwsError} ResourceAlreadyExists, InvalidRequest for a body that is not a template */
export function createProvisioningTemplate(
  context: RegistryContext,
  input: CreateProvisioningTemplateInput,
): Readonly<ProvisioningTemplate> {
  const { templateName, templateBody, description } = input;
  parseTemplateBody(templateBody);
  if (context.world.provisioning?.templates.has(templateName)) {
    const arn = iotArn(context.world.region, `provisioningtemplate/${templateName}`);
    throw alreadyExists(`Provisioning template ${templateName} already exists`, templateName, arn);
  }
  const template: ProvisioningTemplate = {
    templateName,
    sequence: nextSequence(context.world),
    ...(description !== undefined && { description }),
    enabled: input.enabled,
    provisioningRoleArn: input.provisioningRoleArn,
    createdAtMs: context.nowMs,
    lastModifiedAtMs: context.nowMs,
    versions: new Map(),
    defaultVersionId: 1,
    lastVersion: 0,
    tags: input.tags,
  };
  addVersion(context, template, templateBody);
  put(provisioningOf(context.world).templates, templateName, template);
  return template;
}

export interface UpdateProvisioningTemplateInput {
  templateName: string;
  description?: string | undefined;
  enabled?: boolean | undefined;
  defaultVersionId?: number | undefined;
  provisioningRoleArn?: string | undefined;
}

/** Changes the given members only. @throws {AwsError} ResourceNotFound for the template or the version */
export function updateProvisioningTemplate(
  context: RegistryContext,
  input: UpdateProvisioningTemplateInput,
): void {
  const template = existingProvisioningTemplate(context.world, input.templateName);
  const { defaultVersionId = template.defaultVersionId } = input;
  existingTemplateVersion(template, defaultVersionId);
  template.defaultVersionId = defaultVersionId;
  if (input.description !== undefined) template.description = input.description;
  template.enabled = input.enabled ?? template.enabled;
  template.provisioningRoleArn = input.provisioningRoleArn ?? template.provisioningRoleArn;
  template.lastModifiedAtMs = context.nowMs;
}

/** @throws {AwsError} ResourceNotFound; DeleteConflict while it has versions besides the default one */
export function deleteProvisioningTemplate(context: RegistryContext, input: { templateName: string }): void {
  const { templateName, versions } = existingProvisioningTemplate(context.world, input.templateName);
  if (versions.size > 1) {
    throw deleteConflict(
      `Provisioning template ${templateName} has versions that are not its default version`,
    );
  }
  remove(provisioningOf(context.world).templates, templateName);
}

/** @throws {AwsError} ResourceNotFound, VersionsLimitExceeded, InvalidRequest for a body that is not a template */
export function createProvisioningTemplateVersion(
  context: RegistryContext,
  input: { templateName: string; templateBody: string; setAsDefault: boolean },
): ProvisioningTemplateVersion {
  const template = existingProvisioningTemplate(context.world, input.templateName);
  parseTemplateBody(input.templateBody);
  if (template.versions.size >= VERSIONS_MAX) {
    const message = `Provisioning template ${template.templateName} already has ${VERSIONS_MAX} versions`;
    throw new AwsError("VersionsLimitExceededException", 409, message);
  }
  const version = addVersion(context, template, input.templateBody);
  template.lastModifiedAtMs = context.nowMs;
  if (input.setAsDefault) template.defaultVersionId = version.versionId;
  return version;
}

/** @throws {AwsError} ResourceNotFound; DeleteConflict for the default version */
export function deleteProvisioningTemplateVersion(
  context: RegistryContext,
  input: { templateName: string; versionId: number },
): void {
  const template = existingProvisioningTemplate(context.world, input.templateName);
  const { versionId } = existingTemplateVersion(template, input.versionId);
  if (versionId === template.defaultVersionId) {
    throw deleteConflict(`Version ${versionId} is the default version of ${template.templateName}`);
  }
  template.versions.delete(versionId);
  template.lastModifiedAtMs = context.nowMs;
}

function addVersion(
  context: RegistryContext,
  template: ProvisioningTemplate,
  templateBody: string,
): ProvisioningTemplateVersion {
  template.lastVersion += 1;
  const version = { versionId: template.lastVersion, templateBody, createdAtMs: context.nowMs };
  template.versions.set(version.versionId, version);
  return version;
}
