import { answered, IDLE, type Phase, report, revert, type Step, to, updateOf } from "./step.js";
import { trial } from "./trial-phases.js";
import type { BadVerdict, Failure, HookName, UpdateEvent } from "./update-state.js";

/** How often in a row a hook may fail before the update fails. */
export const HOOK_FAULTS_MAX = 3;

/** The phase to report while a hook is asked. */
const PHASE_OF_HOOK = {
  beforeDownload: "starting",
  beforeInstall: "installing",
  beforeReset: "installing",
} as const;

/** The device's owner decides. Until then the machine only reports each deferral. */
export function consulting(state: Phase<"consulting">, event: UpdateEvent): Step | undefined {
  const { hook } = state;
  switch (event.type) {
    case "booted":
      if (hook === "beforeReset" && event.boot !== "resetDue") {
        return trial({ phase: "trial", ...updateOf(state) }, event);
      }
      return to(state.deferred ? state : { ...state, deferred: true }, "consult");
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
      return to({ ...state, ...answered(state, event) });
    case "jobGone":
      return abandon(state);
  }
}

/** Asks a hook. */
export function consult(
  hook: HookName,
  about: Pick<Phase<"consulting">, "execution" | "target" | "attempts">,
): Step {
  const { attempts } = about;
  return to(
    { phase: "consulting", hook, deferred: false, faults: 0, ...updateOf(about), attempts },
    "consult",
  );
}

function deferred(state: Phase<"consulting">, detail: string): Step {
  const { execution, hook } = state;
  const phase = PHASE_OF_HOOK[hook];
  return {
    state: { ...state, deferred: true },
    effects: [{ type: "reportPhase", execution, phase, detail }],
  };
}

/** After a deferral, asks for a fresh URL or verifies the slot again: either may have changed meanwhile. */
function allowed(state: Phase<"consulting">): Step {
  const { hook, deferred, attempts } = state;
  const update = updateOf(state);
  switch (hook) {
    case "beforeDownload":
      return to(
        { phase: "downloading", ...update, journal: { offsetBytes: 0 } },
        deferred ? "refreshUrl" : "download",
      );
    case "beforeInstall":
      if (!deferred) return install(state);
      return to({ phase: "verifying", attempts, consented: true, ...update }, "verify");
    case "beforeReset":
      return to({ phase: "trial", ...update }, "restart");
  }
}

/** Ends the update. In `beforeReset` the trial is already scheduled, so reverts it before it reports. */
function abandon(state: Phase<"consulting">, verdict?: BadVerdict): Step {
  if (state.hook === "beforeReset") return revert(state, verdict);
  return verdict === undefined ? IDLE : report(state, verdict);
}

/** Schedules the trial of a verified image, after asking the service whether the job is still active. */
export function install(about: Pick<Phase<"installing">, "execution" | "target" | "attempts">): Step {
  return to({ phase: "installing", attempts: about.attempts, ...updateOf(about) }, "reportPhase");
}
