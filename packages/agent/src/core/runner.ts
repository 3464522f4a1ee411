import { messageOf } from "@fota/shared";
import type { Advance } from "./executor-context.js";
import type { Interruption } from "./interruption.js";
import type { Log, StateStore } from "./ports.js";
import { parseSaved, type SlotImages, serializeState } from "./saved-state.js";
import { transition } from "./update-machine.js";
import type { UpdateEffect, UpdateEvent, UpdateState, UpdateTarget } from "./update-state.js";

export type Execute = (effect: UpdateEffect, advance: Advance) => Promise<UpdateEvent[]>;

/** Failed reads in a row after which the state counts as lost. */
const READS_MAX = 3;

/** "idle": no update in progress; "waiting": the update continues at a later call; "resetDue": a restart is due. */
export type RunOutcome = "idle" | "waiting" | "resetDue";

/**
 * Connects the update machine with the ports: saves each state before acting on it, executes effects one at a time, and
 * feeds the resulting events back.
 */
export class UpdateRunner {
  readonly #store: StateStore;
  readonly #log: Log;
  readonly #onLost: () => void;
  #state: UpdateState | undefined;
  #images: SlotImages | undefined;
  #failedReads = 0;

  /** Calls `onLost` if there was a state and it cannot be read: only the service then knows about pending jobs. */
  constructor(store: StateStore, log: Log, onLost: () => void) {
    this.#store = store;
    this.#log = log;
    this.#onLost = onLost;
  }

  /**
   * Returns the saved state, which it reads only once until `forget`; idle if it is not valid. Rejects if the store
   * cannot be read, but counts the state as lost after several such errors in a row.
   */
  async load(): Promise<UpdateState> {
    if (this.#state === undefined) {
      const text = await this.#read();
      const saved = text === undefined ? undefined : parseSaved(text);
      if (text !== undefined && saved === undefined) {
        this.#log("warn", "ignoring the saved update state: it is not valid");
        this.#onLost();
      }
      this.#state = saved?.state ?? { phase: "idle" };
      this.#images = saved?.images;
      this.#nameJob(this.#state);
    }
    return this.#state;
  }

  /** Makes the next `load` read the state again. Call it while nothing runs. */
  forget(): void {
    this.#state = undefined;
  }

  async #read(): Promise<string | undefined> {
    try {
      return await this.#store.load();
    } catch (error) {
      this.#failedReads += 1;
      if (this.#failedReads < READS_MAX) throw error;
      this.#log(
        "error",
        `cannot read the saved update state after ${READS_MAX} attempts: ${messageOf(error)}`,
      );
      return "";
    }
  }

  /**
   * Applies `event` and executes effects until none is left or `stop` is interrupted. Rejects if a state cannot be
   * saved; no effect of that state was executed then.
   */
  async run(event: UpdateEvent, execute: Execute, stop: Interruption): Promise<RunOutcome> {
    const events = [event];
    let resetDue = false;
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of await this.#apply(next)) {
        if (stop.reason !== undefined) return "waiting";
        if (effect.type === "restart") resetDue = true;
        events.push(...(await execute(effect, async (advanced) => void (await this.#apply(advanced)))));
      }
    }
    if (resetDue) return "resetDue";
    return this.#state?.phase === "idle" ? "idle" : "waiting";
  }

  async #apply(event: UpdateEvent): Promise<UpdateEffect[]> {
    const before = await this.load();
    const { state, effects } = transition(before, event);
    if (state !== before) {
      if (state.phase === "downloading" && state.journal.erases) await this.noteImage(state.target, state);
      else await this.#save(state);
      if (before.phase === "idle") this.#nameJob(state);
      if (state.phase !== before.phase) this.#log("info", `update: ${before.phase} -> ${state.phase}`);
    }
    return effects;
  }

  /** Logs which job an update is for. */
  #nameJob(state: UpdateState): void {
    if (state.phase === "idle" || state.target === undefined) return;
    const { sizeBytes, slot } = state.target;
    this.#log("info", `job ${state.execution.jobId}: image of ${sizeBytes} bytes for slot ${slot}`);
  }

  /**
   * Tells whether the slot of `target` holds another image: one that the agent has written, or begun to write, last.
   * Call it after `load`. Wrong only if something else has written the image of `target` to the slot since.
   */
  holdsOther({ slot, md5 }: UpdateTarget): boolean {
    return (this.#images?.[slot] ?? md5) !== md5;
  }

  /** Saves, with `state`, that the slot of `target` is about to be erased for it. Rejects if that cannot be saved. */
  async noteImage({ slot, md5 }: UpdateTarget, state?: UpdateState): Promise<void> {
    await this.#save(state ?? (await this.load()), { ...this.#images, [slot]: md5 });
  }

  async #save(state: UpdateState, images = this.#images): Promise<void> {
    await this.#store.save(serializeState(state, images));
    this.#state = state;
    this.#images = images;
  }
}
