import { failed, IDLE, type Phase, report, type Step, to } from "./step.js";
import type { BadVerdict, Failure, UpdateEvent } from "./update-state.js";

export function trial(state: Phase<"trial">, event: UpdateEvent): Step {
  const { execution, target } = state;
  switch (event.type) {
    case "booted":
      if (event.boot === "resetDue") return to(state, { type: "restart" });
      if (event.image === "other") {
        return failed(state, {
          phase: "trial",
          reason: "invalid fota",
          detail: "the new image was not confirmed: the boot loader reverted to the old one",
        });
      }
      if (event.boot === "settled") return to({ ...state, phase: "confirming" }, { type: "confirm" });
      // The new image must reach the broker: otherwise the device could not be updated again.
      return to(state, { type: "reportPhase", execution, phase: "trial" });
    case "jobActive":
      return to(
        { ...state, execution: { ...execution, versionNumber: event.versionNumber } },
        { type: "selfTest" },
      );
    case "selfTestPassed":
      return to({ ...state, phase: "confirming" }, { type: "confirm" });
    case "stepFailed": {
      const verdict: BadVerdict = { status: "FAILED", details: event.failure };
      return to({ phase: "reverting", execution, target, verdict }, { type: "revert" });
    }
    case "jobGone":
      // The service accepts no report of this image, so the device reverts to the image that the service knows.
      return to({ phase: "reverting", execution, target }, { type: "revert" });
    default:
      return to(state);
  }
}

/** Confirms before it reports: an image that can still be reverted is never reported as SUCCEEDED. */
export function confirming(state: Phase<"confirming">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      if (event.image === "target") return to(state, { type: "confirm" });
      return failed(state, {
        phase: "confirming",
        reason: "invalid fota",
        detail: "the device was reset before the confirm was durable",
      });
    case "confirmed":
      return report(state, { status: "SUCCEEDED", details: { phase: "done" } });
    case "confirmRefused": {
      const { execution, target } = state;
      const details: Failure = { phase: "confirming", reason: "invalid fota", detail: event.detail };
      return to(
        { phase: "reverting", execution, target, verdict: { status: "FAILED", details } },
        { type: "revert" },
      );
    }
    default:
      return to(state);
  }
}

/**
 * Reverts. Restarts only if the new image has run, not if its trial was only scheduled. If there is no image to revert
 * to, confirms the new one.
 */
export function reverting(state: Phase<"reverting">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted":
      return event.boot === "settled" ? reverted(state) : to(state, { type: "revert" });
    case "reverted":
      return event.boot === "settled" ? reverted(state) : to(state, { type: "restart" });
    case "revertRefused":
      return to(withDetail(state, `${event.detail}: the new image stays`), { type: "confirm" });
    case "confirmed":
      return reverted(state);
    case "confirmRefused":
      return to(state, { type: "restart" });
    default:
      return to(state);
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

export function reporting(state: Phase<"reporting">, event: UpdateEvent): Step {
  switch (event.type) {
    case "booted": {
      const { execution, verdict } = state;
      // AWS IoT knows of no work on this execution. The job may have been deleted and created again, so its document is
      // read again: the same one leads to the same verdict.
      if (execution.versionNumber === FIRST_VERSION) return IDLE;
      if (verdict.status === "SUCCEEDED" && event.image === "other") {
        const detail = "the new image was confirmed but no longer runs";
        return failed(state, { phase: "done", reason: "invalid fota", detail });
      }
      return to(state, { type: "report", execution, verdict });
    }
    case "reported":
    case "jobGone":
      return IDLE;
    default:
      return to(state);
  }
}
