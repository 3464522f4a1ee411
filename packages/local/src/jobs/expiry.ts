import type { Steps } from "../registry/steps.js";
import { endExecution } from "./sweeps.js";
import { armTimer, deadlineOf, hasDueTimer, takeDueTimer } from "./timers.js";
import type { CommandContext } from "./world.js";

/** Times out the executions whose in-progress timer or step timer has expired. */
export function* expiry(context: CommandContext): Steps {
  const { world, nowMs } = context;
  for (let timer = takeDueTimer(world, nowMs); timer !== undefined; timer = takeDueTimer(world, nowMs)) {
    const job = world.jobs.get(timer.jobId);
    const execution = job?.executions.get(timer.thingName)?.at(-1);
    const isValid = execution?.sequence === timer.executionSequence && execution.timerAtMs === timer.dueMs;
    if (job !== undefined && isValid && execution.status === "IN_PROGRESS") {
      delete execution.timerAtMs;
      const deadline = deadlineOf(execution);
      if (deadline !== undefined && deadline <= nowMs) endExecution(context, job, execution, "TIMED_OUT");
      else armTimer(world, execution);
    }
    if (hasDueTimer(world, nowMs)) yield;
  }
}
