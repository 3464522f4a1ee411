import type { Execution, ExecutionTimer } from "./job.js";
import type { World } from "./world.js";

/**
 * Returns the deadline of an execution in progress. All deadlines are in one heap, where each execution has at most one
 * valid entry, at its `timerAtMs`. A deadline that moves later does not move the entry; when the entry comes up too
 * early, `armTimer` adds it again.
 */
export function deadlineOf(execution: Execution): number | undefined {
  const ends = [execution.inProgressEndsAtMs, execution.stepEndsAtMs].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Makes sure that the heap has an entry for `execution` no later than its deadline. */
export function armTimer(world: World, execution: Execution): void {
  const dueMs = deadlineOf(execution);
  if (dueMs === undefined) return;
  if (execution.timerAtMs !== undefined && execution.timerAtMs <= dueMs) return;
  execution.timerAtMs = dueMs;
  const { jobId, thingName, sequence } = execution;
  push(world.timers, { dueMs, jobId, thingName, executionSequence: sequence });
}

export function hasDueTimer({ timers }: World, nowMs: number): boolean {
  return timers[0] !== undefined && timers[0].dueMs <= nowMs;
}

/** Removes and returns the earliest entry if it is due at `nowMs`. */
export function takeDueTimer(world: World, nowMs: number): ExecutionTimer | undefined {
  return hasDueTimer(world, nowMs) ? pop(world.timers) : undefined;
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
