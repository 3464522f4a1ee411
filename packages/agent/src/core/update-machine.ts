import type {
  BadVerdict,
  Failure,
  HookName,
  UpdateEffect,
  UpdateEvent,
  UpdateState,
  Verdict,
} from "./update-state.js";

export interface Step {
  state: UpdateState;
  effects: UpdateEffect[];
}

/**
 * How often the trial of one image is ordered. More than once is only needed when the power goes between the boot
 * loader's record and the saved state; a bound, as an image that dies at boot must not be tried for ever.
 */
export const ATTEMPTS_MAX = 3;

/** How often in a row a hook may give no answer before the update fails. */
export const HOOK_FAULTS_MAX = 3;

/** Where an update stands, for reports, while a hook is asked. */
const PHASE_OF_HOOK = {
  beforeDownload: "starting",
  beforeInstall: "installing",
  beforeReset: "installing",
} as const;

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
    case "ordered": {
      const { execution, order } = event;
      return to({ phase: "starting", execution, order }, { type: "ask", execution, phase: "starting" });
    }
    case "alreadyRuns": {
      const { execution, order } = event;
      const detail = "the ordered image runs already: nothing was downloaded";
      return report({ execution, order }, { status: "SUCCEEDED", details: { phase: "done", detail } });
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
      const execution = { ...state.execution, versionNumber: event.versionNumber };
      return consult("beforeDownload", { execution, order: state.order, attempts: 0 });
    }
    case "orderGone":
      return IDLE;
    default:
      return to(state);
  }
}

/** The device's owner decides; nothing happens meanwhile but that the service is told of each deferral. */
function consulting(state: Phase<"consulting">, event: UpdateEvent): Step {
  const { hook, execution, order } = state;
  switch (event.type) {
    case "booted":
      if (hook === "beforeReset" && event.boot !== "resetDue") {
        return transition({ phase: "trial", execution, order }, event);
      }
      return to(state.deferred ? state : { ...state, deferred: true }, {
        type: "consult",
        hook,
        execution,
        order,
      });
    case "allowed":
      return allowed(state);
    case "deferred": {
      const why = event.why === undefined ? "" : `: ${event.why}`;
      const detail = `${hook} deferred it for ${Math.ceil(event.delayMs / 1000)} s${why}`;
      return deferred({ ...state, faults: 0 }, detail);
    }
    case "hookFailed": {
      const detail = `${hook} failed: ${event.detail}`;
      if (state.faults < HOOK_FAULTS_MAX) return deferred({ ...state, faults: state.faults + 1 }, detail);
      const phase = PHASE_OF_HOOK[hook];
      return givenUp(state, { status: "FAILED", details: { phase, reason: "hook-failed", detail } });
    }
    case "refused": {
      const details: Failure = { phase: PHASE_OF_HOOK[hook], reason: "refused", detail: event.detail };
      return givenUp(state, { status: "REJECTED", details });
    }
    case "orderStands":
      return to({ ...state, execution: { ...execution, versionNumber: event.versionNumber } });
    case "orderGone":
      return givenUp(state);
    default:
      return to(state);
  }
}

function consult(hook: HookName, about: Pick<Phase<"consulting">, "execution" | "order" | "attempts">): Step {
  const { execution, order, attempts } = about;
  const state = {
    phase: "consulting",
    hook,
    deferred: false,
    faults: 0,
    execution,
    order,
    attempts,
  } as const;
  return to(state, { type: "consult", hook, execution, order });
}

function deferred(state: Phase<"consulting">, detail: string): Step {
  const { execution, hook } = state;
  const phase = PHASE_OF_HOOK[hook];
  return to({ ...state, deferred: true }, { type: "tellDeferral", execution, phase, detail });
}

/** After a deferral the URL may have expired, and the slot was left alone for long: asked for and read again. */
function allowed({ hook, deferred, execution, order, attempts }: Phase<"consulting">): Step {
  switch (hook) {
    case "beforeDownload": {
      const journal = { offsetBytes: 0 };
      const effect: UpdateEffect = deferred
        ? { type: "askForUrl", execution, order }
        : { type: "download", execution, order, journal };
      return to({ phase: "downloading", execution, order, journal }, effect);
    }
    case "beforeInstall":
      return deferred
        ? to({ phase: "verifying", attempts, consented: true, execution, order }, { type: "verify", order })
        : install({ execution, order, attempts });
    case "beforeReset":
      return to({ phase: "trial", execution, order }, { type: "restart" });
  }
}

/** Before the reset the boot loader has the order already: it is taken back before anybody is told. */
function givenUp({ hook, execution, order }: Phase<"consulting">, verdict?: BadVerdict): Step {
  if (hook === "beforeReset") {
    const state = { phase: "reverting", execution, order } as const;
    return to(verdict === undefined ? state : { ...state, verdict }, { type: "revert" });
  }
  return verdict === undefined ? IDLE : report({ execution, order }, verdict);
}

function install(about: Pick<Phase<"installing">, "execution" | "order" | "attempts">): Step {
  const { execution, order, attempts } = about;
  return to(
    { phase: "installing", attempts, execution, order },
    { type: "ask", execution, phase: "installing" },
  );
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
      const { found } = event;
      return to({ phase: "verifying", attempts: 0, execution, order }, { type: "verify", order, found });
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
  switch (event.type) {
    case "booted":
      return to(state, { type: "verify", order: state.order });
    case "verified":
      return state.consented ? install(state) : consult("beforeInstall", state);
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
      if (event.boot === "resetDue") return consult("beforeReset", state);
      if (event.image === "ordered") return transition({ phase: "trial", execution, order }, event);
      if (attempts < ATTEMPTS_MAX) {
        return to({ ...state, phase: "verifying", consented: true }, { type: "verify", order });
      }
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
      return consult("beforeReset", state);
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
    case "stepFailed": {
      const verdict: BadVerdict = { status: "FAILED", details: event.failure };
      return to({ phase: "reverting", execution, order, verdict }, { type: "revert" });
    }
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
    case "confirmRefused": {
      const { execution, order } = state;
      const details: Failure = { phase: "confirming", reason: "invalid fota", detail: event.detail };
      return to(
        { phase: "reverting", execution, order, verdict: { status: "FAILED", details } },
        { type: "revert" },
      );
    }
    default:
      return to(state);
  }
}

/**
 * Without a restart where nothing of the new image has run: its trial was only ordered. Where nothing can be gone back
 * to, the image stays, confirmed: on trial it would be restarted for good, and take no update that repairs the device.
 */
function reverting(state: Phase<"reverting">, event: UpdateEvent): Step {
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

/** Adds to what is reported, once. */
function withDetail(state: Phase<"reverting">, more: string): Phase<"reverting"> {
  const { verdict } = state;
  if (verdict === undefined || verdict.details.detail?.endsWith(more) === true) return state;
  const detail = [verdict.details.detail, more].filter(Boolean).join("; ");
  return { ...state, verdict: { ...verdict, details: { ...verdict.details, detail } } };
}

function reverted(state: Phase<"reverting">): Step {
  return state.verdict === undefined ? IDLE : report(state, state.verdict);
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
