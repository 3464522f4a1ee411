import { ACCOUNT_ID, iotArn } from "../account.js";
import { invalidRequest, notFound } from "../errors.js";
import { listOf } from "../listing/indexes.js";
import { keyKind } from "../listing/key-lists.js";
import { itemsOf } from "../listing/list-index.js";
import { groupsOfThing, thingsOfGroup } from "../registry/membership.js";
import { readFrom } from "../state/watched-map.js";
import { queueExecution } from "./execution-changes.js";
import type { Job } from "./job.js";
import { pendingExecutions } from "./pending-queue.js";
import { isPastEndTime } from "./schedule.js";
import { endExecution } from "./sweeps.js";
import type { CommandContext, World } from "./world.js";

interface Target {
  kind: "thing" | "thinggroup";
  name: string;
}

/**
 * Parses a target ARN without checking whether the target exists.
 * @throws {AwsError} InvalidRequest for another service, region, account or kind of resource
 */
function parseTarget(world: World, arn: string): Target {
  const match = /^arn:aws[a-z-]*:iot:([a-z0-9-]+):(\d{12}):(thing|thinggroup)\/([a-zA-Z0-9:_-]{1,128})$/.exec(
    arn,
  );
  const [, region, account, kind, name] = match ?? [];
  if (name === undefined)
    throw invalidRequest(`Invalid target: ${arn} is not the ARN of a thing or thing group`);
  if (region !== world.region || account !== ACCOUNT_ID) {
    throw invalidRequest(
      `Invalid target: ${arn} is not in region ${world.region} and account ${ACCOUNT_ID} of this stand-in`,
    );
  }
  return { kind: kind === "thing" ? "thing" : "thinggroup", name };
}

/** @throws {AwsError} ResourceNotFound */
export function checkTargetExists(world: World, arn: string): void {
  const thing = thingOfTarget(arn);
  // Most targets are these; to parse one takes several times as long.
  if (thing !== undefined && world.things.has(thing) && arn === iotArn(world.region, `thing/${thing}`))
    return;
  const { kind, name } = parseTarget(world, arn);
  const found = kind === "thing" ? world.things.has(name) : world.groups.has(name);
  if (!found) throw notFound(`Target ${arn} does not exist`);
}

/** Returns whether a checked target is a single thing. */
export function isThing(arn: string): boolean {
  return groupOfTarget(arn) === undefined;
}

/** Returns the names of the things that a checked target covers now. A group also covers the groups below it. */
export function thingsOfTarget(world: World, arn: string): string[] {
  const group = groupOfTarget(arn);
  if (group !== undefined) return [...thingsOfGroup(world, group, true)];
  const thing = readFrom(world.things, thingOfTarget(arn) ?? "");
  return thing === undefined ? [] : [thing.thingName];
}

/** Returns whether one of the job's targets covers the thing now. */
export function isCovered(world: World, job: Job, thingName: string): boolean {
  return world.things.has(thingName) && isTarget(job, thingName, () => groupsOfThing(world, thingName));
}

/** Returns whether a thing is a target of the job. Only jobs with groups as targets ask for the thing's groups. */
function isTarget(job: Job, thingName: string, findGroups: () => ReadonlySet<string>): boolean {
  let groups: ReadonlySet<string> | undefined;
  return job.targets.some((arn) => {
    const group = groupOfTarget(arn);
    if (group === undefined) return thingOfTarget(arn) === thingName;
    groups ??= findGroups();
    return groups.has(group);
  });
}

/** Returns the name of the group that a checked target is; `undefined` for a single thing. */
function groupOfTarget(arn: string): string | undefined {
  return textAfter(arn, ":thinggroup/");
}

/** Returns the name of the single thing that a checked target is; `undefined` for a group. */
function thingOfTarget(arn: string): string | undefined {
  return textAfter(arn, ":thing/");
}

function textAfter(text: string, start: string): string | undefined {
  const at = text.indexOf(start);
  return at < 0 ? undefined : text.slice(at + start.length);
}

/**
 * Applies changed group memberships to jobs: queues executions of CONTINUOUS jobs that now target the thing, and sets
 * pending executions of jobs that no longer target it to REMOVED.
 */
export function applyMembershipChanges(context: CommandContext): void {
  for (const [thingName, groupsBefore] of context.groupsBefore) {
    for (const job of jobsThatNowTarget(context, thingName, groupsBefore)) {
      queueExecution(context, job, thingName);
    }
    removeUncovered(context, thingName);
  }
  context.groupsBefore.clear();
}

/** Returns the CONTINUOUS jobs on groups that the thing has joined, and on none that it was in, the oldest first. */
function jobsThatNowTarget(
  { world, nowMs }: CommandContext,
  thingName: string,
  groupsBefore: ReadonlySet<string>,
): Job[] {
  const joined = [...groupsOfThing(world, thingName)].filter((name) => !groupsBefore.has(name));
  const ids = new Set<string>();
  for (const name of joined) {
    const list = listOf(world.jobs).withKey(byGroup, name);
    for (const { jobId } of itemsOf(list, undefined, "oldestFirst")) ids.add(jobId);
  }
  return [...ids]
    .flatMap((jobId) => world.jobs.get(jobId) ?? [])
    .filter((job) => isOpenToMembers(job, nowMs) && !isTarget(job, thingName, () => groupsBefore))
    .sort((a, b) => a.sequence - b.sequence);
}

/** The groups that jobs target which may be open to new members. */
const byGroup = keyKind<Job>(({ targetSelection, status, targets }) =>
  targetSelection === "CONTINUOUS" && (status === "IN_PROGRESS" || status === "SCHEDULED")
    ? targets.flatMap((arn) => groupOfTarget(arn) ?? [])
    : [],
);

/**
 * Returns whether the job is CONTINUOUS, started and not ended. A job that has not started finds the thing in its
 * rollout.
 */
function isOpenToMembers(job: Job, nowMs: number): boolean {
  return job.targetSelection === "CONTINUOUS" && hasStarted(job) && !isPastEndTime(job, nowMs);
}

function hasStarted({ status, rollout, pace }: Job): boolean {
  return status === "IN_PROGRESS" || (status === "SCHEDULED" && (rollout === undefined || pace.notified > 0));
}

function removeUncovered(context: CommandContext, thingName: string): void {
  for (const execution of pendingExecutions(context.world, thingName)) {
    const job = context.world.jobs.get(execution.jobId);
    if (job === undefined || isCovered(context.world, job, thingName)) continue;
    endExecution(context, job, execution, "REMOVED");
  }
}
