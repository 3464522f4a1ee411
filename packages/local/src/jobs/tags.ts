import { invalidRequest, notModelled } from "../errors.js";
import { nameInArn } from "../registry/rules.js";
import type { Turn, World } from "../world.js";
import { existingJob } from "./jobs.js";
import { TAGS_MAX } from "./rules.js";
import { existingTemplate } from "./templates.js";

/** @throws {AwsError} ResourceNotFound; InvalidRequest beyond what one resource may have */
export function tagResource(turn: Turn, input: { resourceArn: string; tags: Record<string, string> }): void {
  const resource = taggedResource(turn.world, input.resourceArn);
  const tags = { ...resource.tags, ...input.tags };
  if (Object.keys(tags).length > TAGS_MAX) throw invalidRequest(`A resource has at most ${TAGS_MAX} tags`);
  resource.tags = tags;
}

/** @throws {AwsError} ResourceNotFound */
export function untagResource(turn: Turn, input: { resourceArn: string; tagKeys: string[] }): void {
  const resource = taggedResource(turn.world, input.resourceArn);
  const kept = Object.entries(resource.tags).filter(([key]) => !input.tagKeys.includes(key));
  resource.tags = Object.fromEntries(kept);
}

/** Jobs and job templates have tags; other resources have none here. @throws {AwsError} ResourceNotFound, InvalidRequest */
export function taggedResource(world: World, arn: string): { tags: Record<string, string> } {
  if (arn.includes(":jobtemplate/")) return existingTemplate(world, nameInArn(arn, "jobtemplate"));
  if (arn.includes(":job/")) return existingJob(world, nameInArn(arn, "job"));
  throw notModelled(`tags of ${arn}: only job/... and jobtemplate/... have them here; for others it`);
}
