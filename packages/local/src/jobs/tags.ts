import { invalidRequest, notSupported } from "../errors.js";
import { existingGroup } from "../registry/groups.js";
import { existingPolicy } from "../registry/policies.js";
import { nameInArn } from "../registry/rules.js";
import { existingThingType } from "../registry/thing-types.js";
import { existingJob } from "./jobs.js";
import { TAGS_MAX } from "./rules.js";
import { existingTemplate } from "./templates.js";
import type { CommandContext, World } from "./world.js";

/** @throws {AwsError} ResourceNotFound; InvalidRequest beyond what one resource may have */
export function tagResource(
  turn: CommandContext,
  input: { resourceArn: string; tags: Record<string, string> },
): void {
  const resource = taggedResource(turn.world, input.resourceArn);
  const tags = { ...resource.tags, ...input.tags };
  if (Object.keys(tags).length > TAGS_MAX) throw invalidRequest(`A resource has at most ${TAGS_MAX} tags`);
  resource.tags = tags;
}

/** @throws {AwsError} ResourceNotFound */
export function untagResource(turn: CommandContext, input: { resourceArn: string; tagKeys: string[] }): void {
  const resource = taggedResource(turn.world, input.resourceArn);
  const kept = Object.entries(resource.tags ?? {}).filter(([key]) => !input.tagKeys.includes(key));
  resource.tags = Object.fromEntries(kept);
}

interface Tagged {
  /** Absent: none. */
  tags?: Record<string, string>;
}

/** What has tags here, by the kind in its ARN. */
const TAGGED: Readonly<Record<string, (world: World, name: string) => Tagged>> = {
  job: existingJob,
  jobtemplate: existingTemplate,
  thinggroup: existingGroup,
  thingtype: existingThingType,
  policy: existingPolicy,
};

/** The resource whose tags are meant. @throws {AwsError} ResourceNotFound, InvalidRequest */
export function taggedResource(world: World, arn: string): Tagged {
  for (const [kind, find] of Object.entries(TAGGED)) {
    if (arn.includes(`:${kind}/`)) return find(world, nameInArn(arn, kind));
  }
  throw notSupported(`tags of ${arn}, only tags of ${Object.keys(TAGGED).join(", ")}`);
}
