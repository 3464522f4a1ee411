import { invalidRequest, notSupported } from "../errors.js";
import { packageOrVersion } from "../packages/package.js";
import { nameInArn } from "../registry/fields.js";
import { existingForeignCa } from "../registry/foreign-cas.js";
import { existingGroup } from "../registry/groups.js";
import { existingPolicy } from "../registry/policies.js";
import { existingProvisioningTemplate } from "../registry/provisioning.js";
import { existingRoleAlias } from "../registry/role-aliases.js";
import { existingThingType } from "../registry/thing-types.js";
import { existingBillingGroup } from "../registry/things.js";
import { TAGS_MAX } from "./fields.js";
import { existingJob } from "./jobs.js";
import { existingTemplate } from "./templates.js";
import type { CommandContext, World } from "./world.js";

/** @throws {AwsError} ResourceNotFound; InvalidRequest if the resource would have too many tags */
export function tagResource(
  context: CommandContext,
  input: { resourceArn: string; tags: Record<string, string> },
): void {
  const resource = findTaggedResource(context.world, input.resourceArn);
  const tags = { ...resource.tags, ...input.tags };
  if (Object.keys(tags).length > TAGS_MAX) throw invalidRequest(`A resource has at most ${TAGS_MAX} tags`);
  resource.tags = tags;
}

/** @throws {AwsError} ResourceNotFound */
export function untagResource(
  context: CommandContext,
  input: { resourceArn: string; tagKeys: string[] },
): void {
  const resource = findTaggedResource(context.world, input.resourceArn);
  const kept = Object.entries(resource.tags ?? {}).filter(([key]) => !input.tagKeys.includes(key));
  resource.tags = Object.fromEntries(kept);
}

interface Tagged {
  /** Absent if it has none. */
  tags?: Record<string, string>;
}

/** Finds a resource that can have tags, by the kind in its ARN. */
const TAGGED: Readonly<Record<string, (world: World, name: string) => Tagged>> = {
  job: existingJob,
  jobtemplate: existingTemplate,
  thinggroup: existingGroup,
  billinggroup: existingBillingGroup,
  thingtype: existingThingType,
  policy: existingPolicy,
  rolealias: existingRoleAlias,
  cacert: existingForeignCa,
  package: packageOrVersion,
  provisioningtemplate: existingProvisioningTemplate,
};

/** Returns the resource with this ARN. @throws {AwsError} ResourceNotFound, InvalidRequest */
export function findTaggedResource(world: World, arn: string): Tagged {
  for (const [kind, find] of Object.entries(TAGGED)) {
    if (arn.includes(`:${kind}/`)) return find(world, nameInArn(arn, kind));
  }
  throw notSupported(`tags of ${arn}, only tags of ${Object.keys(TAGGED).join(", ")}`);
}
