import { consult, consulting, install } from "./hook-phases.js";
import { answered, failed, IDLE, notRunning, type Phase, report, type Step, to, updateOf } from "./step.js";
import { confirming, reporting, reverting, trial } from "./trial-phases.js";
import type { UpdateEvent, UpdateState } from "./update-state.js";

/**
 * How often the trial of one image may be scheduled. More than once is needed only if power fails between the writes of
 * the boot record and the saved state. Limited, because an image that crashes at boot must not be tried endlessly.
 */
export const ATTEMPTS_MAX = 3;

/** What each phase makes of an event; `undefined` if the event means nothing there. */
const PHASES: {
  [Name in UpdateState["phase"]]: (state: Phase<Name>, event: UpdateEvent) => Step | undefined;
} = {
  idle,
  starting,
  consulting,
  downloading,
  verifying,
  installing,
  trial,
  confirming,
  reverting,
  reporting,
};

/**
 * The whole update as a pure reducer: no clock, no I/O, no throw. An event that means nothing in a phase changes
 * nothing. Every phase answers `booted`, because power fails anywhere; so every effect may run twice.
 */
export function transition(state: UpdateState, event: UpdateEvent): Step {
  const phase = PHASES[state.phase] as (state: UpdateState, event: UpdateEvent) => Step | undefined;
  return phase(state, event) ?? to(state);
}

function idle(_state: Phase<"idle">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "jobAccepted":
      return to({ phase: "starting", ...updateOf(event) }, "reportPhase");
    case "alreadyRuns": {
      const detail = "the device already runs this image: nothing was downloaded";
      return report(event, { status: "SUCCEEDED", details: { phase: "done", detail } });
    }
    case "jobRefused":
      return failed(event, event.failure);
    case "jobFound":
      if (event.image === "target") {
        return trial({ phase: "trial", ...updateOf(event) }, { ...event, type: "booted" });
      }
      return notRunning(
        event,
        "trial",
        `the ${event.boot === "settled" ? "running image" : "image on trial"} is not the one in the job document`,
      );
  }
}

function starting(state: Phase<"starting">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      // If the first report has not arrived, the job may have been deleted and created again with another document: it is
      // still QUEUED then, counts as gone, and is read again.
      return to(state, "refreshUrl");
    case "jobActive":
      return consult("beforeDownload", { ...answered(state, event), attempts: 0 });
    case "jobGone":
      return IDLE;
  }
}

function downloading(state: Phase<"downloading">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      return to(state, "refreshUrl");
    case "jobActive":
      return to({ ...state, ...answered(state, event) }, "download");
    case "downloadAdvanced":
      return to({ ...state, journal: event.journal });
    case "downloaded": {
      const verifying = { phase: "verifying", attempts: 0, ...answered(state, event) } as const;
      return { state: verifying, effects: [{ ...verifying, type: "verify", found: event.found }] };
    }
    case "jobGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
  }
}

function verifying(state: Phase<"verifying">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      return to(state, "verify");
    case "verified":
      return state.consented ? install(state) : consult("beforeInstall", state);
    case "stepFailed":
      return failed(state, event.failure);
  }
}

function installing(state: Phase<"installing">, event: UpdateEvent): Step | undefined {
  const { attempts } = state;
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return consult("beforeReset", state);
      if (event.image === "target") return trial({ phase: "trial", ...updateOf(state) }, event);
      if (attempts < ATTEMPTS_MAX) return to({ ...state, phase: "verifying", consented: true }, "verify");
      return notRunning(
        state,
        "installing",
        `the image was put on trial ${attempts} times and did not come up`,
      );
    case "jobActive":
      return to({ ...state, ...answered(state, event), attempts: attempts + 1 }, "attempt");
    case "attempted":
      return consult("beforeReset", state);
    case "jobGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
  }
}
