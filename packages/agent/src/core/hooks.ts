import { FotaError, messageOf } from "@fota/shared";
import { withDeadline } from "./deadline.js";
import type { Clock } from "./ports.js";
import type { ExecutionRef, HookName, UpdateEvent, UpdateTarget } from "./update-state.js";

/** The update that a hook is asked about. */
export interface PendingUpdate {
  jobId: string;
  slot: number;
  sizeBytes: number;
  /** Of the ordered image, lower-case hex. */
  md5: string;
  /** `bc_version`, where the document states it. */
  version?: string;
}

/**
 * What the device's owner says: go on; ask again after so long; or never, which ends the job as REJECTED with the text.
 * `why` and `refuse` are reported.
 */
export type HookAnswer = "allow" | { deferMs: number; why?: string } | { refuse: string };

export type Hook = (update: PendingUpdate) => HookAnswer | Promise<HookAnswer>;

/**
 * Questions to the device's owner. Each may be asked again: after its deferral, after a restart. A hook that throws,
 * answers something else or nothing in time counts as one that defers by a minute; the fourth time in a row ends the
 * job as FAILED `hook-failed`.
 */
export interface Hooks {
  /** The order was checked and nothing is touched yet. */
  beforeDownload?: Hook;
  /** The image is in its slot and verified; the boot loader knows nothing of it yet. */
  beforeInstall?: Hook;
  /** The next reset boots the new image on trial, also one by a power cut. Refused, that is taken back. */
  beforeReset?: Hook;
}

/** The wait after a hook that failed. */
const FAULT_DELAY_MS = 60_000;
const DEFER_MIN_MS = 1_000;

/**
 * Asks the hooks and remembers until when they deferred. In memory only: after a restart the owner is asked again.
 */
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

  /** How long until a hook that deferred is to be asked again; `undefined` when none is waited for. */
  get waitMs(): number | undefined {
    if (this.#deferral === undefined) return undefined;
    const waitMs = this.#deferral.untilMs - this.#clock.monotonicMs();
    return waitMs > 0 ? waitMs : undefined;
  }

  /** Whether this hook deferred this update, and its time has not come. */
  isDeferred(hook: HookName, execution: ExecutionRef): boolean {
    return this.#deferral?.about === aboutOf(hook, execution) && this.waitMs !== undefined;
  }

  /** The hook's answer as an event. Never rejects; without such a hook it is `allowed`. */
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
    const late = () => new FotaError("REQUEST_TIMED_OUT", `no answer within ${this.#timeoutMs} ms`);
    try {
      // Called inside a promise, so that one that throws at once is one that fails.
      const answering = Promise.resolve().then(() => hook(update));
      const event = eventOf(await withDeadline(this.#clock, this.#timeoutMs, answering, late));
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

function aboutOf(hook: HookName, { jobId, executionNumber }: ExecutionRef): string {
  return `${hook} ${jobId} ${executionNumber}`;
}

/** @throws {FotaError} CONFIG_INVALID for what is no answer: it comes from a build's own code, in any language */
function eventOf(answer: unknown): Extract<UpdateEvent, { type: "allowed" | "deferred" | "refused" }> {
  if (answer === "allow") return { type: "allowed" };
  if (typeof answer === "object" && answer !== null) {
    if ("refuse" in answer) return { type: "refused", detail: String(answer.refuse) };
    if ("deferMs" in answer && typeof answer.deferMs === "number" && answer.deferMs >= 0) {
      const delayMs = Math.max(DEFER_MIN_MS, answer.deferMs);
      const why = "why" in answer && answer.why !== undefined ? String(answer.why) : undefined;
      return why === undefined ? { type: "deferred", delayMs } : { type: "deferred", delayMs, why };
    }
  }
  throw new FotaError("CONFIG_INVALID", "its answer is none of allow, deferMs and refuse");
}
