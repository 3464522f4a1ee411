import { answered, IDLE, notRunning, type Phase, report, revert, type Step, to } from "./step.js";
import type { UpdateEvent } from "./update-state.js";

export function trial(state: Phase<"trial">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return to(state, "restart");
      if (event.image === "other") {
        const why = event.failure === undefined ? "" : `: ${event.failure}`;
        return notRunning(
          state,
          "trial",
          `the new image was not confirmed: the boot loader reverted to the old one${why}`,
        );
      }
      if (event.boot === "settled") return to({ ...state, phase: "confirming" }, "confirm");
      // The new image must reach the broker: otherwise the device could not be updated again.
      return to(state, "reportPhase");
    case "jobActive":
      return to({ ...state, ...answered(state, event) }, "selfTest");
    case "selfTestPassed":
      return to({ ...state, phase: "confirming" }, "confirm");
    case "stepFailed":
      return revert(state, { status: "FAILED", details: event.failure });
    case "jobGone":
      // The service accepts no report of this image, so the device reverts to the image that the service knows.
      return revert(state);
  }
}

/** Confirms before it reports: an image that can still be reverted is never reported as SUCCEEDED. */
export function confirming(state: Phase<"confirming">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      if (event.image === "target") return to(state, "confirm");
      return notRunning(state, "confirming", "the device was reset before the confirm was durable");
    case "confirmed":
      return report(state, { status: "SUCCEEDED", details: { phase: "done" } });
    case "confirmRefused":
      return revert(state, {
        status: "FAILED",
        details: { phase: "confirming", reason: "invalid fota", detail: event.detail },
      });
  }
}

/**
 * Reverts. Restarts only if the new image has run, not if its trial was only scheduled. If there is no image to revert
 * to, confirms the new one.
 */
export function reverting(state: Phase<"reverting">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted":
      return event.boot === "settled" ? reverted(state) : to(state, "revert");
    case "reverted":
      return event.boot === "settled" ? reverted(state) : to(state, "restart");
    case "revertRefused":
      return to(withDetail(state, `${event.detail}: the new image stays`), "confirm");
    case "confirmed":
      return reverted(state);
    case "confirmRefused":
      return to(state, "restart");
  }
}

/** Adds to the detail of the report, once. */
function withDetail(state: Phase<"reverting">, more: string): Phase<"reverting"> {
  const { verdict } = state;
  if (verdict === undefined || verdict.details.detail?.endsWith(more) === true) return state;
  const detail = [verdict.details.detail, more].filter(Boolean).join("; ");
  return { ...state, verdict: { ...verdict, details: { ...verdict.details, detail } } };
}

function reverted(state: Phase<"reverting">): Step {
  return state.verdict === undefined ? IDLE : report(state, state.verdict);
}

/** The version of an execution before any update. Source: AWS IoT Developer Guide, job execution. */
const FIRST_VERSION = 1;

export function reporting(state: Phase<"reporting">, event: UpdateEvent): Step | undefined {
  switch (event.type) {
    case "booted": {
      const { execution, verdict } = state;
      // AWS IoT knows of no work on this execution. The job may have been deleted and created again, so its document is
      // read again: the same one leads to the same verdict.
      if (execution.versionNumber === FIRST_VERSION) return IDLE;
      if (verdict.status === "SUCCEEDED" && event.image === "other") {
        return notRunning(state, "done", "the new image was confirmed but no longer runs");
      }
      return to(state, "report");
    }
    case "reported":
    case "jobGone":
      return IDLE;
  }
}
