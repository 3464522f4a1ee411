import { soon } from "../clock.js";

/** Most steps of a tick, and of the commands of one turn of the event loop together: those take a few milliseconds. */
const STEPS_MAX = 1_000;
/** Steps that a command may do in any case, so that small jobs and groups never wait for a tick. */
const STEPS_MIN = 100;

/** Counts the steps of large work that the commands of one turn of the event loop have done. Ticks have their own turns. */
export class TurnSteps {
  #done = 0;

  /** Returns how many steps a command may do. */
  left(command: string): number {
    return command === "tick" ? STEPS_MAX : Math.max(STEPS_MIN, STEPS_MAX - this.#done);
  }

  /** Counts the steps that a command has done. */
  count(command: string, steps: number): void {
    if (command === "tick" || steps <= STEPS_MIN) return;
    if (this.#done === 0) {
      soon(() => {
        this.#done = 0;
      });
    }
    this.#done += steps;
  }
}
