import { StateCapture } from "./state-capture.js";

/** Ties changes of a state to the capture that is in progress, if any. */
export class ChangingState {
  #capture: StateCapture | undefined;

  /** Begins a capture of `root`; ends the one before. */
  capture(root: object): StateCapture {
    this.#capture?.end();
    this.#capture = new StateCapture(root);
    return this.#capture;
  }

  /** Runs a change of the state. */
  change<T>(run: () => T): T {
    return this.#capture === undefined ? run() : this.#capture.change(run);
  }
}
