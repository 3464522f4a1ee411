import type { RegistryContext } from "./context.js";

/**
 * Work that may be large. Between two `yield`s it changes or looks at one thing or execution. It may be left at any of
 * them, and another generator continues it: what it has done must be in the state.
 */
export type Steps = Generator<void, void, void>;

type StepCounter = Pick<RegistryContext, "sliceSize" | "stepsDone">;

/** Does steps until the work is done, or the command has done as many as it may: of all its work together. */
export function doSteps(context: StepCounter, steps: Steps): void {
  while (stepsLeft(context) > 0) if (doStep(context, steps)) return;
  steps.return();
}

/** Does all steps of work that is small enough for a command. */
export function doAllSteps(context: StepCounter, steps: Steps): void {
  while (!doStep(context, steps));
}

/** Returns whether it was the last one. */
function doStep(context: StepCounter, steps: Steps): boolean {
  const before = context.stepsDone;
  const { done } = steps.next();
  if (context.stepsDone === before) countStep(context);
  return done === true;
}

/** Returns how many steps the command may still do: negative if it had to do more. */
export function stepsLeft({ sliceSize, stepsDone }: Readonly<StepCounter>): number {
  return sliceSize - stepsDone;
}

/** Counts a change of an execution. A step that changes none counts as one, and one that changes more as those. */
export function countStep(context: StepCounter): void {
  context.stepsDone += 1;
}
