/** Units between two steps: about 20 ms of work. */
export const STEP_UNITS = 4_194_304;

/** What it costs to fetch a place from a large table, in comparisons of two bytes. */
export const LOOKUP_UNITS = 32;

/** Counts what a matcher does, so that it pauses often enough whatever the images hold. One unit compares two bytes. */
export class Work {
  #units = 0;

  add(units: number): void {
    this.#units += units;
  }

  /** Returns true once for each `STEP_UNITS`. */
  isStepDue(): boolean {
    if (this.#units < STEP_UNITS) return false;
    this.#units -= STEP_UNITS;
    return true;
  }
}
