import { notFound } from "../errors.js";
import { listOf } from "../listing/indexes.js";
import type { InOrder } from "../listing/list-index.js";
import { WatchedMap } from "../state/watched-map.js";
import type {
  Provisioning,
  ProvisioningTemplate,
  ProvisioningTemplateVersion,
  Registry,
} from "./registry.js";

/** Returns the state of fleet provisioning for a command, which may change it. */
export function provisioningOf(world: Registry): Provisioning {
  world.provisioning ??= { templates: new Map(), claims: new WatchedMap(), ownerships: new WatchedMap() };
  return world.provisioning;
}

export function listProvisioningTemplates(
  world: Readonly<Registry>,
): InOrder<Readonly<ProvisioningTemplate>> {
  return listOf(world.provisioning?.templates ?? new Map<string, ProvisioningTemplate>());
}

/** @throws {AwsError} ResourceNotFound */
export function existingProvisioningTemplate(
  world: Readonly<Registry>,
  templateName: string,
): ProvisioningTemplate {
  const template = world.provisioning?.templates.get(templateName);
  if (template === undefined) throw notFound(`Provisioning template ${templateName} not found.`);
  return template;
}

/** @throws {AwsError} ResourceNotFound */
export function existingTemplateVersion(
  template: Readonly<ProvisioningTemplate>,
  versionId: number,
): ProvisioningTemplateVersion {
  const version = template.versions.get(versionId);
  if (version === undefined) {
    throw notFound(`Version ${versionId} of provisioning template ${template.templateName} not found.`);
  }
  return version;
}

/** Returns the version that RegisterThing uses. */
export function defaultTemplateVersion(
  template: Readonly<ProvisioningTemplate>,
): ProvisioningTemplateVersion {
  return existingTemplateVersion(template, template.defaultVersionId);
}
