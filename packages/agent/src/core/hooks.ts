import { FotaError, messageOf } from "@fota/shared";
import { withTimeout } from "./deadline.js";
import type { Clock } from "./ports.js";
import {
  type ExecutionRef,
  type HookName,
  keyOf,
  type UpdateEvent,
  type UpdateTarget,
} from "./update-state.js";

/** The update that a hook decides on. */
export interface PendingUpdate {
  jobId: string;
  slot: number;
  sizeBytes: number;
  /** MD5 of the new image, lower-case hex. */
  md5: string;
  /** `bc_version` of the document, if it has one. */
  version?: string;
}

/**
 * The decision of the device's owner: continue, ask again after `deferMs` milliseconds, or end the job as REJECTED.
 * `why` and `refuse` are texts for the report.
 */
export type HookAnswer = "allow" | { deferMs: number; why?: string } | { refuse: string };

export type Hook = (update: PendingUpdate) => HookAnswer | Promise<HookAnswer>;

/**
 * Hooks that let the device's owner decide. Each may be called again: after it deferred, and after a restart. A hook
 * that throws, returns an invalid answer or does not answer in time defers the update by one minute. The fourth time in
 * a row ends the job as FAILED `hook-failed`.
 */
export interface Hooks {
  /** Called after the job document was checked, before the slot is touched. */
  beforeDownload?: Hook;
  /** Called when the image is verified in its slot, before its trial is scheduled. */
  beforeInstall?: Hook;
  /** Called when the trial is scheduled: the next reset, or a power cut, boots it. A refusal cancels the trial. */
  beforeReset?: Hook;
}

/** Delay after a failed hook. */
const FAULT_DELAY_MS = 60_000;
const DEFER_MIN_MS = 1_000;

/** Calls the hooks and remembers deferrals in memory. After a restart, it calls deferred hooks again at once. */
export class HookRunner {
  readonly #hooks: Hooks;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #deferral: { about: string; untilMs: number } | undefined;

  constructor(hooks: Hooks, timeoutMs: number, clock: Clock) {
    this.#hooks = hooks;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Milliseconds until a deferred hook is called again; `undefined` if no hook deferred. */
  get waitMs(): number | undefined {
    if (this.#deferral === undefined) return undefined;
    const waitMs = this.#deferral.untilMs - this.#clock.monotonicMs();
    return waitMs > 0 ? waitMs : undefined;
  }

  /** Tells whether this hook deferred this update and the time has not passed. */
  isDeferred(hook: HookName, execution: ExecutionRef): boolean {
    return this.#deferral?.about === aboutOf(hook, execution) && this.waitMs !== undefined;
  }

  /** Calls a hook and returns its answer as an event; `allowed` when there is no such hook. Never rejects. */
  async ask(name: HookName, execution: ExecutionRef, target: UpdateTarget): Promise<UpdateEvent> {
    const { slot, sizeBytes, md5, version } = target;
    const update = {
      jobId: execution.jobId,
      slot,
      sizeBytes,
      md5,
      ...(version !== undefined && { version }),
    };
    const hook = this.#hooks[name];
    this.#deferral = undefined;
    if (hook === undefined) return { type: "allowed" };
    const late = `no answer within ${this.#timeoutMs} ms`;
    try {
      // Called inside a promise, so that a hook that throws synchronously fails, too.
      const answering = Promise.resolve().then(() => hook(update));
      const event = eventOf(await withTimeout(this.#clock, this.#timeoutMs, answering, late));
      if (event.type === "deferred") this.#defer(name, execution, event.delayMs);
      return event;
    } catch (error) {
      this.#defer(name, execution, FAULT_DELAY_MS);
      return { type: "hookFailed", detail: messageOf(error) };
    }
  }

  #defer(hook: HookName, execution: ExecutionRef, delayMs: number): void {
    this.#deferral = { about: aboutOf(hook, execution), untilMs: this.#clock.monotonicMs() + delayMs };
  }
}

function aboutOf(hook: HookName, execution: ExecutionRef): string {
  return `${hook} ${keyOf(execution)}`;
}

/**
 * Checks the answer of a hook, which may come from untyped code, and returns it as an event.
 * @throws {FotaError} CONFIG_INVALID if it is not valid
 */
function eventOf(answer: unknown): Extract<UpdateEvent, { type: "allowed" | "deferred" | "refused" }> {
  if (answer === "allow") return { type: "allowed" };
  if (typeof answer === "object" && answer !== null) {
    if ("refuse" in answer) return { type: "refused", detail: String(answer.refuse) };
    if ("deferMs" in answer && typeof answer.deferMs === "number" && answer.deferMs >= 0) {
      const delayMs = Math.max(DEFER_MIN_MS, answer.deferMs);
      const why = "why" in answer && answer.why !== undefined ? String(answer.why) : undefined;
      return { type: "deferred", delayMs, ...(why !== undefined && { why }) };
    }
  }
  throw new FotaError("CONFIG_INVALID", 'its answer is not "allow", { deferMs } or { refuse }');
}
