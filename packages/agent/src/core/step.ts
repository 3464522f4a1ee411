import type { Failure, UpdateEffect, UpdateState, Verdict } from "./update-state.js";

/** The result of a transition: the new state, and the effects to execute after it was saved. */
export interface Step {
  state: UpdateState;
  effects: UpdateEffect[];
}

export type Phase<Name> = Extract<UpdateState, { phase: Name }>;
/** The update that a verdict is about. */
export type About = Pick<Phase<"reporting">, "execution" | "target">;

export const IDLE: Step = { state: { phase: "idle" }, effects: [] };

export function to(state: UpdateState, ...effects: UpdateEffect[]): Step {
  return { state, effects };
}

export function failed(about: About, failure: Failure): Step {
  return report(about, { status: "FAILED", details: failure });
}

export function report({ execution, target }: About, verdict: Verdict): Step {
  const state: UpdateState =
    target === undefined
      ? { phase: "reporting", execution, verdict }
      : { phase: "reporting", execution, target, verdict };
  return to(state, { type: "report", execution, verdict });
}
