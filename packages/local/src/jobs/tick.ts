import { doSteps, stepsLeft } from "../registry/steps.js";
import { applyConsequences } from "./consequences.js";
import { dueWork } from "./due-work.js";
import { hasDueTimer } from "./timers.js";
import type { CommandContext } from "./world.js";

/**
 * Does what is due, as far as the steps of one command reach. The next tick begins with the work after that, so that all
 * work gets its turn.
 */
export function tick(context: CommandContext): void {
  const { world, nowMs } = context;
  const works = dueWork(world, nowMs);
  const first = Math.max(
    0,
    works.findIndex(({ id }) => id === world.nextWork),
  );
  world.nextWork = undefined;
  for (const { id, kind, name } of [...works.slice(first), ...works.slice(0, first)]) {
    if (stepsLeft(context) <= 0) {
      world.nextWork = id;
      return;
    }
    if (hasDueTimer(world, nowMs) && kind.waitsForTimers?.(world, name)) continue;
    doSteps(context, kind.steps(context, name));
    applyConsequences(context);
  }
}
