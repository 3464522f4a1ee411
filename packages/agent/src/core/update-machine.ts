import type { Failure, UpdateEffect, UpdateEvent, UpdateState, Verdict } from "./update-state.js";

export interface Step {
  state: UpdateState;
  effects: UpdateEffect[];
}

/**
 * How often the trial of one image is ordered. More than once is only needed when the power goes between the boot
 * loader's record and the saved state; a bound, as an image that dies at boot must not be tried for ever.
 */
export const ATTEMPTS_MAX = 3;

type Phase<Name> = Extract<UpdateState, { phase: Name }>;
/** Whose verdict it is. Takes any state but idle, and nothing else of it. */
type About = Pick<Phase<"reporting">, "execution" | "order">;

const IDLE: Step = { state: { phase: "idle" }, effects: [] };

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
    case "ordered": {
      const { execution, order } = event;
      return to({ phase: "starting", execution, order }, { type: "ask", execution, phase: "starting" });
    }
    case "orderRefused":
      return report({ execution: event.execution }, { status: "FAILED", details: event.failure });
    case "orderFound": {
      const { execution, order, image, boot } = event;
      if (image === "ordered")
        return transition({ phase: "trial", execution, order }, { ...event, type: "booted" });
      const detail =
        boot === "settled"
          ? "the running image is not the ordered one"
          : "the image on trial is not the ordered one";
      return report(
        { execution, order },
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
      return to(state, { type: "ask", execution: state.execution, phase: "starting" });
    case "orderStands": {
      const { order } = state;
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      const journal = { offsetBytes: 0 };
      return to(
        { phase: "downloading", execution, order, journal },
        { type: "download", execution, order, journal },
      );
    }
    case "orderGone":
      return IDLE;
    default:
      return to(state);
  }
}

function downloading(state: Phase<"downloading">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      return to(state, { type: "askForUrl", execution: state.execution, order: state.order });
    case "orderStands": {
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      const order = event.url === undefined ? state.order : { ...state.order, url: event.url };
      const { journal } = state;
      return to({ ...state, execution, order }, { type: "download", execution, order, journal });
    }
    case "downloadAdvanced":
      return to({ ...state, journal: event.journal });
    case "downloaded": {
      const { order } = state;
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      return to({ phase: "verifying", attempts: 0, execution, order }, { type: "verify", order });
    }
    case "orderGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}

function verifying(state: Phase<"verifying">, event: UpdateEvent): Step {
  const { execution, order } = state;
  switch (event.type) {
    case "booted":
      return to(state, { type: "verify", order });
    case "verified":
      return to({ ...state, phase: "installing" }, { type: "ask", execution, phase: "installing" });
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}

function installing(state: Phase<"installing">, event: UpdateEvent): Step {
  const { execution, order, attempts } = state;
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return to({ phase: "trial", execution, order }, { type: "restart" });
      if (event.image === "ordered") return transition({ phase: "trial", execution, order }, event);
      if (attempts < ATTEMPTS_MAX) return to({ ...state, phase: "verifying" }, { type: "verify", order });
      return failed(state, {
        phase: "installing",
        reason: "invalid fota",
        detail: `the image was put on trial ${attempts} times and did not come up`,
      });
    case "orderStands": {
      const asked = { ...execution, versionNumber: event.versionNumber };
      return to({ ...state, execution: asked, attempts: attempts + 1 }, { type: "attempt", order });
    }
    case "attempted":
      return to({ phase: "trial", execution, order }, { type: "restart" });
    case "orderGone":
      return IDLE;
    case "stepFailed":
      return failed(state, event.failure);
    default:
      return to(state);
  }
}

function trial(state: Phase<"trial">, event: UpdateEvent): Step {
  const { execution, order } = state;
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return to(state, { type: "restart" });
      if (event.image === "other") {
        return failed(state, {
          phase: "trial",
          reason: "invalid fota",
          detail: "the ordered image was not confirmed: the boot loader went back",
        });
      }
      if (event.boot === "settled") return to({ ...state, phase: "confirming" }, { type: "confirm" });
      // The broker must be reached from the new image: one that cannot be reached cannot be updated again.
      return to(state, { type: "ask", execution, phase: "trial" });
    case "orderStands":
      return to(
        { ...state, execution: { ...execution, versionNumber: event.versionNumber } },
        { type: "selfTest" },
      );
    case "selfTestPassed":
      return to({ ...state, phase: "confirming" }, { type: "confirm" });
    case "stepFailed":
      return to({ phase: "reverting", execution, order, verdict: event.failure }, { type: "revert" });
    case "orderGone":
      // The service will never hear that this image runs: back to the image that it believes in.
      return to({ phase: "reverting", execution, order }, { type: "revert" });
    default:
      return to(state);
  }
}

/** Confirm first, report after: an image that can still go back is never called SUCCEEDED. */
function confirming(state: Phase<"confirming">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      if (event.image === "ordered") return to(state, { type: "confirm" });
      return failed(state, {
        phase: "confirming",
        reason: "invalid fota",
        detail: "the device was reset before the confirmation took hold",
      });
    case "confirmed":
      return report(state, { status: "SUCCEEDED", details: { phase: "done" } });
    default:
      return to(state);
  }
}

function reverting(state: Phase<"reverting">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return to(state, { type: "restart" });
      if (event.boot === "onTrial") return to(state, { type: "revert" });
      return state.verdict === undefined ? IDLE : failed(state, state.verdict);
    case "reverted":
      return to(state, { type: "restart" });
    default:
      return to(state);
  }
}

function reporting(state: Phase<"reporting">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted": {
      const { execution, verdict } = state;
      if (verdict.status === "SUCCEEDED" && event.image === "other") {
        const detail = "the ordered image was confirmed and does not run any more";
        return failed(state, { phase: "done", reason: "invalid fota", detail });
      }
      return to(state, { type: "report", execution, verdict });
    }
    case "reported":
    case "orderGone":
      return IDLE;
    default:
      return to(state);
  }
}

function to(state: UpdateState, ...effects: UpdateEffect[]): Step {
  return { state, effects };
}

function failed(about: About, failure: Failure): Step {
  return report(about, { status: "FAILED", details: failure });
}

function report({ execution, order }: About, verdict: Verdict): Step {
  const state: UpdateState =
    order === undefined
      ? { phase: "reporting", execution, verdict }
      : { phase: "reporting", execution, order, verdict };
  return to(state, { type: "report", execution, verdict });
}
