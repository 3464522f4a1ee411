import type { Execution, ExecutionTimer } from "./job.js";
import type { World } from "./world.js";

/**
 * The deadlines of executions in progress, in one heap. An execution has at most one entry that counts, the one at its
 * `timerAtMs`: a deadline that moves later leaves it where it is, and the entry is put back when it comes up too early.
 */
export function deadlineOf(execution: Execution): number | undefined {
  const ends = [execution.inProgressEndsAtMs, execution.stepEndsAtMs].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Sees to it that the heap comes back to `execution` no later than its deadline. */
export function armTimer(world: World, execution: Execution): void {
  const dueMs = deadlineOf(execution);
  if (dueMs === undefined) return;
  if (execution.timerAtMs !== undefined && execution.timerAtMs <= dueMs) return;
  execution.timerAtMs = dueMs;
  const { jobId, thingName, sequence } = execution;
  push(world.timers, { dueMs, jobId, thingName, executionSequence: sequence });
}

/** Takes the earliest entry out when it is due at `nowMs`. */
export function takeDueTimer(world: World, nowMs: number): ExecutionTimer | undefined {
  const first = world.timers[0];
  return first !== undefined && first.dueMs <= nowMs ? pop(world.timers) : undefined;
}

function push(heap: ExecutionTimer[], timer: ExecutionTimer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || parent.dueMs <= timer.dueMs) break;
    heap[index] = parent;
    heap[parentIndex] = timer;
    index = parentIndex;
  }
}

function pop(heap: ExecutionTimer[]): ExecutionTimer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || last === first) return first;
  let index = 0;
  heap[0] = last;
  for (;;) {
    const leftIndex = 2 * index + 1;
    const left = heap[leftIndex];
    const right = heap[leftIndex + 1];
    if (left === undefined) return first;
    const childIndex = right !== undefined && right.dueMs < left.dueMs ? leftIndex + 1 : leftIndex;
    const child = childIndex === leftIndex ? left : (right as ExecutionTimer);
    if (child.dueMs >= last.dueMs) return first;
    heap[index] = child;
    heap[childIndex] = last;
    index = childIndex;
  }
}
