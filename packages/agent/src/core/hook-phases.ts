import { IDLE, type Phase, report, type Step, to } from "./step.js";
import { trial } from "./trial-phases.js";
import type { BadVerdict, Failure, HookName, UpdateEffect, UpdateEvent } from "./update-state.js";

/** How often in a row a hook may fail before the update fails. */
export const HOOK_FAULTS_MAX = 3;

/** The phase to report while a hook is asked. */
const PHASE_OF_HOOK = {
  beforeDownload: "starting",
  beforeInstall: "installing",
  beforeReset: "installing",
} as const;

/** The device's owner decides. Until then the machine only reports each deferral. */
export function consulting(state: Phase<"consulting">, event: UpdateEvent): Step {
  const { hook, execution, target } = state;
  switch (event.type) {
    case "booted":
      if (hook === "beforeReset" && event.boot !== "resetDue") {
        return trial({ phase: "trial", execution, target }, event);
      }
      return to(state.deferred ? state : { ...state, deferred: true }, {
        type: "consult",
        hook,
        execution,
        target,
      });
    case "allowed":
      return allowed(state);
    case "deferred": {
      const why = event.why === undefined ? "" : `: ${event.why}`;
      const detail = `${hook} deferred the update for ${Math.ceil(event.delayMs / 1000)} s${why}`;
      return deferred({ ...state, faults: 0 }, detail);
    }
    case "hookFailed": {
      const detail = `${hook} failed: ${event.detail}`;
      if (state.faults < HOOK_FAULTS_MAX) return deferred({ ...state, faults: state.faults + 1 }, detail);
      const phase = PHASE_OF_HOOK[hook];
      return abandon(state, { status: "FAILED", details: { phase, reason: "hook-failed", detail } });
    }
    case "refused": {
      const details: Failure = { phase: PHASE_OF_HOOK[hook], reason: "refused", detail: event.detail };
      return abandon(state, { status: "REJECTED", details });
    }
    case "jobActive":
      return to({ ...state, execution: { ...execution, versionNumber: event.versionNumber } });
    case "jobGone":
      return abandon(state);
    default:
      return to(state);
  }
}

/** Asks a hook. */
export function consult(
  hook: HookName,
  about: Pick<Phase<"consulting">, "execution" | "target" | "attempts">,
): Step {
  const { execution, target, attempts } = about;
  const state = {
    phase: "consulting",
    hook,
    deferred: false,
    faults: 0,
    execution,
    target,
    attempts,
  } as const;
  return to(state, { type: "consult", hook, execution, target });
}

function deferred(state: Phase<"consulting">, detail: string): Step {
  const { execution, hook } = state;
  const phase = PHASE_OF_HOOK[hook];
  return to({ ...state, deferred: true }, { type: "reportDeferral", execution, phase, detail });
}

/** After a deferral, asks for a fresh URL or verifies the slot again: either may have changed meanwhile. */
function allowed({ hook, deferred, execution, target, attempts }: Phase<"consulting">): Step {
  switch (hook) {
    case "beforeDownload": {
      const journal = { offsetBytes: 0 };
      const effect: UpdateEffect = deferred
        ? { type: "refreshUrl", execution, target }
        : { type: "download", execution, target, journal };
      return to({ phase: "downloading", execution, target, journal }, effect);
    }
    case "beforeInstall":
      return deferred
        ? to({ phase: "verifying", attempts, consented: true, execution, target }, { type: "verify", target })
        : install({ execution, target, attempts });
    case "beforeReset":
      return to({ phase: "trial", execution, target }, { type: "restart" });
  }
}

/** Ends the update. In `beforeReset` the trial is already scheduled, so reverts it before it reports. */
function abandon({ hook, execution, target }: Phase<"consulting">, verdict?: BadVerdict): Step {
  if (hook === "beforeReset") {
    const state = { phase: "reverting", execution, target } as const;
    return to(verdict === undefined ? state : { ...state, verdict }, { type: "revert" });
  }
  return verdict === undefined ? IDLE : report({ execution, target }, verdict);
}

/** Schedules the trial of a verified image, after asking the service whether the job is still active. */
export function install(about: Pick<Phase<"installing">, "execution" | "target" | "attempts">): Step {
  const { execution, target, attempts } = about;
  return to(
    { phase: "installing", attempts, execution, target },
    { type: "reportPhase", execution, phase: "installing" },
  );
}
