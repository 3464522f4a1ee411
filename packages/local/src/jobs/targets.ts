import { ACCOUNT_ID } from "../account.js";
import { invalidRequest, notFound } from "../errors.js";
import { groupsOfThing, thingsOfGroup } from "../registry/membership.js";
import type { CommandContext, Job, World } from "../world.js";
import { changeExecution, queueExecution } from "./executions.js";
import { pendingExecutions } from "./pending-queue.js";
import { hasEnded } from "./schedule.js";

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
  if (!world.things.has(thingName)) return false;
  const groups = [...groupsOfThing(world, thingName)];
  const resources = new Set([`thing/${thingName}`, ...groups.map((name) => `thinggroup/${name}`)]);
  return job.targets.some((arn) => resources.has(resourceOf(arn)));
}

/** `thing/<name>` or `thinggroup/<name>` of a target that has been checked: names have colons too, regions do not. */
function resourceOf(arn: string): string {
  return arn.slice(arn.indexOf(":thing") + 1);
}

/**
 * Changes what a thing belongs to: `change` puts it into groups or takes it out of them. CONTINUOUS jobs that it becomes
 * a target of reach it at once; pending executions of jobs that it is no target of any more turn REMOVED.
 */
export function changeMembership(turn: CommandContext, thingName: string, change: () => void): void {
  const open = jobsOpenTo(turn, thingName);
  change();
  for (const job of open) {
    if (covers(turn.world, job, thingName)) queueExecution(turn, job, thingName);
  }
  removeUncovered(turn, thingName);
}

/** CONTINUOUS jobs that have started, have not ended, and that the thing is no target of now. */
function jobsOpenTo({ world, nowMs }: CommandContext, thingName: string): Job[] {
  return [...world.jobs.values()].filter(
    (job) =>
      job.targetSelection === "CONTINUOUS" &&
      hasStarted(job) &&
      !hasEnded(job, nowMs) &&
      !covers(world, job, thingName),
  );
}

/** One that has not finds the thing when it rolls out. */
function hasStarted({ status, rollout, pace }: Job): boolean {
  return status === "IN_PROGRESS" || (status === "SCHEDULED" && (rollout === undefined || pace.notified > 0));
}

/** What a thing loses when it is deleted or leaves a group: executions of jobs that it is no target of any more. */
export function removeUncovered(turn: CommandContext, thingName: string): void {
  for (const execution of pendingExecutions(turn.world, thingName)) {
    const job = turn.world.jobs.get(execution.jobId);
    if (job === undefined || covers(turn.world, job, thingName)) continue;
    changeExecution(turn, job, execution, { status: "REMOVED" });
  }
}
