import type { JournaledState, Restoration } from "../../src/journal/load-journal.js";
import { StateCapture } from "../../src/state/state-capture.js";

/** A state for tests of the journal: the list of its records. */
export class ListState implements JournaledState {
  values: unknown[] = [];
  /** Number of records that were read after the snapshot. */
  replayed = 0;
  /** Called for each of them. */
  onReplay: () => void = () => undefined;

  restore(root: unknown): Restoration {
    const { values } = root as { values: unknown[] };
    return {
      replay: (record) => {
        values.push(record);
        this.replayed += 1;
        this.onReplay();
        return costOf(record);
      },
      finish: () => {
        this.values = values;
      },
    };
  }

  restoreText(text: string): Restoration {
    return this.restore({ values: JSON.parse(text) });
  }

  capture(): StateCapture {
    return new StateCapture({ values: this.values });
  }
}

/** Returns what a record takes to replay: the member `cost`, if it has one. */
export function costOf(record: unknown): number {
  return (record as { cost?: number } | null)?.cost ?? 0;
}
