import { endExecution } from "./sweeps.js";
import { armTimer, deadlineOf, takeDueTimer } from "./timers.js";
import type { CommandContext } from "./world.js";

/** Times out the executions whose in-progress timer or step timer has expired. If those are many, ticks follow. */
export function expireExecutions(context: CommandContext): void {
  const { world, nowMs } = context;
  for (let left = context.sliceSize; left > 0; left -= 1) {
    const timer = takeDueTimer(world, nowMs);
    if (timer === undefined) return;
    const job = world.jobs.get(timer.jobId);
    const execution = job?.executions.get(timer.thingName)?.at(-1);
    if (job === undefined || execution?.sequence !== timer.executionSequence) continue;
    if (execution.timerAtMs !== timer.dueMs || execution.status !== "IN_PROGRESS") continue;
    delete execution.timerAtMs;
    const deadline = deadlineOf(execution);
    if (deadline !== undefined && deadline <= nowMs) {
      endExecution(context, job, execution, "TIMED_OUT");
    } else armTimer(world, execution);
  }
}
