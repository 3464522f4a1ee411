import { failed, IDLE, type Phase, report, type Step, to } from "./step.js";
import { confirming, reporting, reverting, trial } from "./trial-phases.js";
import type {
  BadVerdict,
  Failure,
  HookName,
  UpdateEffect,
  UpdateEvent,
  UpdateState,
} from "./update-state.js";

/**
 * How often the trial of one image may be scheduled. More than once is needed only if power fails between the writes of
 * the boot record and the saved state. Limited, because an image that crashes at boot must not be tried endlessly.
 */
export const ATTEMPTS_MAX = 3;

/** How often in a row a hook may fail before the update fails. */
export const HOOK_FAULTS_MAX = 3;

/** The phase to report while a hook is asked. */
const PHASE_OF_HOOK = {
  beforeDownload: "starting",
  beforeInstall: "installing",
  beforeReset: "installing",
} as const;

/**
 * The whole update as a pure reducer: no clock, no I/O, no throw. An event that means nothing in a phase changes
 * nothing. Every phase answers `booted`, because power fails anywhere; so every effect may run twice.
 */
export function transition(state: UpdateState, event: UpdateEvent): Step {
  switch (state.phase) {
    case "idle":
      return idle(state, event);
    case "starting":
      return starting(state, event);
    case "consulting":
      return consulting(state, event);
    case "downloading":
      return downloading(state, event);
    case "verifying":
      return verifying(state, event);
    case "installing":
      return installing(state, event);
    case "trial":
      return trial(state, event);
    case "confirming":
      return confirming(state, event);
    case "reverting":
      return reverting(state, event);
    case "reporting":
      return reporting(state, event);
  }
}

function idle(state: Phase<"idle">, event: UpdateEvent): Step {
  switch (event.type) {
    case "jobAccepted": {
      const { execution, target } = event;
      return to(
        { phase: "starting", execution, target },
        { type: "reportPhase", execution, phase: "starting" },
      );
    }
    case "alreadyRuns": {
      const { execution, target } = event;
      const detail = "the device already runs this image: nothing was downloaded";
      return report({ execution, target }, { status: "SUCCEEDED", details: { phase: "done", detail } });
    }
    case "jobRefused":
      return report({ execution: event.execution }, { status: "FAILED", details: event.failure });
    case "jobFound": {
      const { execution, target, image, boot } = event;
      if (image === "target")
        return transition({ phase: "trial", execution, target }, { ...event, type: "booted" });
      const detail =
        boot === "settled"
          ? "the running image is not the one in the job document"
          : "the image on trial is not the one in the job document";
      return report(
        { execution, target },
        { status: "FAILED", details: { phase: "trial", reason: "invalid fota", detail } },
      );
    }
    default:
      return to(state);
  }
}

function starting(state: Phase<"starting">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      return to(state, { type: "reportPhase", execution: state.execution, phase: "starting" });
    case "jobActive": {
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      return consult("beforeDownload", { execution, target: state.target, attempts: 0 });
    }
    case "jobGone":
      return IDLE;
    default:
      return to(state);
  }
}

/** The device's owner decides. Until then the machine only reports each deferral. */
function consulting(state: Phase<"consulting">, event: UpdateEvent): Step {
  const { hook, execution, target } = state;
  switch (event.type) {
    case "booted":
      if (hook === "beforeReset" && event.boot !== "resetDue") {
        return transition({ phase: "trial", execution, target }, event);
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

function consult(
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

function install(about: Pick<Phase<"installing">, "execution" | "target" | "attempts">): Step {
  const { execution, target, attempts } = about;
  return to(
    { phase: "installing", attempts, execution, target },
    { type: "reportPhase", execution, phase: "installing" },
  );
}

function downloading(state: Phase<"downloading">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      return to(state, { type: "refreshUrl", execution: state.execution, target: state.target });
    case "jobActive": {
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      const target = event.url === undefined ? state.target : { ...state.target, url: event.url };
      const { journal } = state;
      return to({ ...state, execution, target }, { type: "download", execution, target, journal });
    }
    case "downloadAdvanced":
      return to({ ...state, journal: event.journal });
    case "downloaded": {
      const { target } = state;
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      const { found } = event;
      return to({ phase: "verifying", attempts: 0, execution, target }, { type: "verify", target, found });
    }
    case "jobGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}

function verifying(state: Phase<"verifying">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      return to(state, { type: "verify", target: state.target });
    case "verified":
      return state.consented ? install(state) : consult("beforeInstall", state);
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}

function installing(state: Phase<"installing">, event: UpdateEvent): Step {
  const { execution, target, attempts } = state;
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return consult("beforeReset", state);
      if (event.image === "target") return transition({ phase: "trial", execution, target }, event);
      if (attempts < ATTEMPTS_MAX) {
        return to({ ...state, phase: "verifying", consented: true }, { type: "verify", target });
      }
      return failed(state, {
        phase: "installing",
        reason: "invalid fota",
        detail: `the image was put on trial ${attempts} times and did not come up`,
      });
    case "jobActive": {
      const asked = { ...execution, versionNumber: event.versionNumber };
      return to({ ...state, execution: asked, attempts: attempts + 1 }, { type: "attempt", target });
    }
    case "attempted":
      return consult("beforeReset", state);
    case "jobGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}
