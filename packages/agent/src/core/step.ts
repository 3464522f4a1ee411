import type {
  BadVerdict,
  ExecutionRef,
  Failure,
  UpdateEffect,
  UpdateState,
  UpdateTarget,
  Verdict,
} from "./update-state.js";

/** The result of a transition: the new state, and the effects to execute after it was saved. */
export interface Step {
  state: UpdateState;
  effects: UpdateEffect[];
}

export type Phase<Name> = Extract<UpdateState, { phase: Name }>;

/** The update that a state or an event is about. A refused document has no target. */
interface About {
  execution: ExecutionRef;
  target?: UpdateTarget;
}

/** The effects for which a state has the data. */
type EffectOn<State> = {
  [Effect in UpdateEffect as Effect["type"]]: State extends Omit<Effect, "type"> ? Effect["type"] : never;
}[UpdateEffect["type"]];

export const IDLE: Step = { state: { phase: "idle" }, effects: [] };

/** Enters a state, which gives the effect its data. */
export function to<State extends UpdateState>(state: State, type?: EffectOn<State>): Step {
  return { state, effects: type === undefined ? [] : [{ ...state, type } as unknown as UpdateEffect] };
}

/** Returns only the update of a state or an event that has more. */
export function updateOf<Of extends About>({ execution, target }: Of): Pick<Of, "execution" | "target"> {
  return target === undefined ? { execution } : { execution, target };
}

/** Returns the update with what an answer of the service, or a download, has added to it. */
export function answered(
  { execution, target }: Required<About>,
  {
    versionNumber,
    url = target.url,
    deltas = target.deltas,
    download = target.download,
  }: { versionNumber: number } & Partial<Pick<UpdateTarget, "url" | "deltas" | "download">>,
): Required<About> {
  return { execution: { ...execution, versionNumber }, target: { ...target, url, deltas, download } };
}

/** Ends an update with its report, which also says how the image was downloaded. */
export function report(about: About, verdict: Verdict): Step {
  const details = { ...about.target?.download, ...verdict.details };
  return to(
    { phase: "reporting", ...updateOf(about), verdict: { ...verdict, details } as Verdict },
    "report",
  );
}

export function failed(about: About, failure: Failure): Step {
  return report(about, { status: "FAILED", details: failure });
}

/** Ends an update whose image does not run after a restart. */
export function notRunning(about: About, phase: Failure["phase"], detail: string): Step {
  return failed(about, { phase, reason: "invalid fota", detail });
}

/** Reverts the trial. Without a verdict, nothing is reported afterwards. */
export function revert(about: Required<About>, verdict?: BadVerdict): Step {
  return to({ phase: "reverting", ...updateOf(about), ...(verdict && { verdict }) }, "revert");
}
