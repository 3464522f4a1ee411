import { messageOf } from "@fota/shared";
import type { Advance } from "./executors.js";
import type { Interruption } from "./interruption.js";
import type { Log, StateStore } from "./ports.js";
import { transition } from "./update-machine.js";
import {
  parseState,
  serializeState,
  type UpdateEffect,
  type UpdateEvent,
  type UpdateState,
} from "./update-state.js";

export type Execute = (effect: UpdateEffect, advance: Advance) => Promise<UpdateEvent[]>;

/** How often in a row a store may refuse to be read before its state counts as lost. */
const READS_MAX = 3;

/** "idle": nothing is under way; "waiting": the saved state is taken up later; "resetDue": the restart was ordered. */
export type RunOutcome = "idle" | "waiting" | "resetDue";

/**
 * The only place where the machine and the ports meet: saves the state before it is acted on, carries effects out one
 * at a time and feeds their answers back.
 */
export class UpdateRunner {
  readonly #store: StateStore;
  readonly #log: Log;
  readonly #onLost: () => void;
  #state: UpdateState | undefined;
  #unread = 0;

  /** `onLost` is called when there was a state and it cannot be read: what the service says is all that is left. */
  constructor(store: StateStore, log: Log, onLost: () => void) {
    this.#store = store;
    this.#log = log;
    this.#onLost = onLost;
  }

  /**
   * The state as saved, read once. A text that is none counts as no state, and so does a store that cannot be read time
   * after time; before that it rejects.
   */
  async load(): Promise<UpdateState> {
    if (this.#state === undefined) {
      const text = await this.#read();
      const saved = text === undefined ? undefined : parseState(text);
      if (text !== undefined && saved === undefined) {
        this.#log("warn", "the saved update state is not readable: ignored");
        this.#onLost();
      }
      this.#state = saved ?? { phase: "idle" };
    }
    return this.#state;
  }

  async #read(): Promise<string | undefined> {
    try {
      return await this.#store.load();
    } catch (error) {
      this.#unread += 1;
      if (this.#unread < READS_MAX) throw error;
      this.#log("error", `the saved update state was not read ${READS_MAX} times: ${messageOf(error)}`);
      return "";
    }
  }

  /**
   * Takes `event` in and follows it until it rests, or `stop` comes: then no further effect is begun. Rejects when the
   * state cannot be saved: then nothing was acted on.
   */
  async run(event: UpdateEvent, execute: Execute, stop: Interruption): Promise<RunOutcome> {
    const events = [event];
    let resetDue = false;
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of await this.#take(next)) {
        if (stop.reason !== undefined) return "waiting";
        if (effect.type === "restart") resetDue = true;
        events.push(...(await execute(effect, async (advanced) => void (await this.#take(advanced)))));
      }
    }
    if (resetDue) return "resetDue";
    return this.#state?.phase === "idle" ? "idle" : "waiting";
  }

  async #take(event: UpdateEvent): Promise<UpdateEffect[]> {
    const before = await this.load();
    const { state, effects } = transition(before, event);
    if (state !== before) {
      await this.#store.save(serializeState(state));
      this.#state = state;
      if (state.phase !== before.phase) this.#log("info", `update: ${before.phase} -> ${state.phase}`);
    }
    return effects;
  }
}
