import { ACCOUNT_ID } from "../account.js";
import { invalidRequest, notFound } from "../errors.js";
import { groupsOfThing, thingsOfGroup } from "../registry/membership.js";
import { changeExecution, queueExecution } from "./executions.js";
import type { Job } from "./job.js";
import { pendingExecutions } from "./pending-queue.js";
import { hasEnded } from "./schedule.js";
import type { CommandContext, World } from "./world.js";

interface Target {
  kind: "thing" | "thinggroup";
  name: string;
}

/**
 * Reads a target ARN; says nothing of whether the target exists.
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
      `Invalid target: ${arn} is not in region ${world.region}, account ${ACCOUNT_ID}, which is all there is here`,
    );
  }
  return { kind: kind === "thing" ? "thing" : "thinggroup", name };
}

/** @throws {AwsError} ResourceNotFound */
export function checkTargetExists(world: World, arn: string): void {
  const { kind, name } = parseTarget(world, arn);
  const found = kind === "thing" ? world.things.has(name) : world.groups.has(name);
  if (!found) throw notFound(`Target ${arn} does not exist`);
}

/** The things that a target stands for right now; a group stands for those of the groups below it too. */
export function thingsOfTarget(world: World, arn: string): string[] {
  const { kind, name } = parseTarget(world, arn);
  if (kind === "thinggroup") return [...thingsOfGroup(world, name, true)];
  return world.things.has(name) ? [name] : [];
}

/** Whether one of the job's targets still stands for the thing. */
export function covers(world: World, job: Job, thingName: string): boolean {
  return world.things.has(thingName) && isTarget(job, thingName, groupsOfThing(world, thingName));
}

/** Whether a thing that belongs to these groups is a target of the job. */
function isTarget(job: Job, thingName: string, groups: ReadonlySet<string>): boolean {
  const resources = new Set([`thing/${thingName}`, ...[...groups].map((name) => `thinggroup/${name}`)]);
  return job.targets.some((arn) => resources.has(resourceOf(arn)));
}

/** `thing/<name>` or `thinggroup/<name>` of a target that has been checked: names have colons too, regions do not. */
function resourceOf(arn: string): string {
  return arn.slice(arn.indexOf(":thing") + 1);
}

/**
 * Applies to Jobs what a command has changed in groups. CONTINUOUS jobs that a thing has become a target of reach it at
 * once; pending executions of jobs that it is no longer a target of turn REMOVED.
 */
export function applyMembershipChanges(turn: CommandContext): void {
  for (const [thingName, groupsBefore] of turn.groupsBefore) {
    const open = [...turn.world.jobs.values()].filter((job) => isOpenToMembers(job, turn.nowMs));
    for (const job of open) {
      const isNew = !isTarget(job, thingName, groupsBefore) && covers(turn.world, job, thingName);
      if (isNew) queueExecution(turn, job, thingName);
    }
    removeUncovered(turn, thingName);
  }
  turn.groupsBefore.clear();
}

/** CONTINUOUS, started and not ended. One that has not started finds the thing when it rolls out. */
function isOpenToMembers(job: Job, nowMs: number): boolean {
  return job.targetSelection === "CONTINUOUS" && hasStarted(job) && !hasEnded(job, nowMs);
}

function hasStarted({ status, rollout, pace }: Job): boolean {
  return status === "IN_PROGRESS" || (status === "SCHEDULED" && (rollout === undefined || pace.notified > 0));
}

function removeUncovered(turn: CommandContext, thingName: string): void {
  for (const execution of pendingExecutions(turn.world, thingName)) {
    const job = turn.world.jobs.get(execution.jobId);
    if (job === undefined || covers(turn.world, job, thingName)) continue;
    changeExecution(turn, job, execution, { status: "REMOVED" });
  }
}
