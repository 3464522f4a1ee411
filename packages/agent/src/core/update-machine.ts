import { consult, consulting, install } from "./hook-phases.js";
import { failed, IDLE, type Phase, report, type Step, to } from "./step.js";
import { confirming, reporting, reverting, trial } from "./trial-phases.js";
import type { UpdateEvent, UpdateState } from "./update-state.js";

/**
 * How often the trial of one image may be scheduled. More than once is needed only if power fails between the writes of
 * the boot record and the saved state. Limited, because an image that crashes at boot must not be tried endlessly.
 */
export const ATTEMPTS_MAX = 3;

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
      // If the first report has not arrived, the job may have been deleted and created again with another document: it is
      // still QUEUED then, counts as gone, and is read again.
      return to(state, { type: "refreshUrl", execution: state.execution, target: state.target });
    case "jobActive": {
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      const target = event.url === undefined ? state.target : { ...state.target, url: event.url };
      return consult("beforeDownload", { execution, target, attempts: 0 });
    }
    case "jobGone":
      return IDLE;
    default:
      return to(state);
  }
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
