import { applyConsequences } from "../jobs/consequences.js";
import { dueWork } from "../jobs/due-work.js";
import type { CommandContext } from "../jobs/world.js";
import { groupDeletion } from "../registry/group-deletion.js";
import type { Steps } from "../registry/steps.js";
import { type CommandInput, type CommandName, runCommand } from "./commands.js";

/**
 * Runs a command of a build in which each kind of work had `sliceSize` steps of its own, and rollouts and schedules had
 * no limit. It does as much as that build did: what clients and devices did next was possible only after that.
 */
export function runEarlierCommand<N extends CommandName>(
  context: CommandContext,
  name: N,
  input: CommandInput<N>,
): void {
  const { world, sliceSize } = context;
  const before = new Set(world.groupDeletions);
  if (name === "tick") earlierTick(context);
  else runCommand(context, name, input);
  for (const group of world.groupDeletions ?? []) {
    if (!before.has(group)) doUpTo(sliceSize, groupDeletion(context, group));
  }
  applyConsequences(context);
}

function earlierTick(context: CommandContext): void {
  const { world, nowMs, sliceSize } = context;
  const left = {
    jobDeletion: sliceSize,
    groupDeletion: sliceSize,
    groupRefresh: sliceSize,
    expiry: sliceSize,
  };
  for (const { kindName, kind, name } of dueWork(world, nowMs)) {
    const isSmall = kindName === "jobDeletion" && world.jobs.get(name)?.sweep === undefined;
    if (kindName === "job" || isSmall) doUpTo(Number.POSITIVE_INFINITY, kind.steps(context, name));
    else left[kindName] -= doUpTo(left[kindName], kind.steps(context, name));
    if (kindName === "groupRefresh") left.groupRefresh = 0; // one group in each tick
    applyConsequences(context);
  }
}

/** Does at most `count` steps. Returns how many. */
function doUpTo(count: number, steps: Steps): number {
  for (let done = 1; done <= count; done += 1) if (steps.next().done === true) return done;
  steps.return();
  return count;
}
