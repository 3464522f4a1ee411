import { type DeviceEvent, isEnd } from "./virtual-device.js";

/** What one device of a fleet does. */
interface DeviceState {
  isConnected: boolean;
  isUpdating: boolean;
}

/** Counts what the devices of a fleet do, where a line for each event would be too much to read. */
export class FleetSummary {
  readonly #total: number;
  readonly #devices = new Map<string, DeviceState>();
  #connected = 0;
  #updating = 0;
  #succeeded = 0;
  #failed = 0;
  #warnings = 0;
  /** The last warning that was not shown yet. */
  #warning: string | undefined;
  #shown = "";

  constructor(total: number) {
    this.#total = total;
  }

  note(thing: string, event: DeviceEvent): void {
    const before = this.#devices.get(thing) ?? { isConnected: false, isUpdating: false };
    const after = this.#after(thing, before, event);
    this.#connected += Number(after.isConnected) - Number(before.isConnected);
    this.#updating += Number(after.isUpdating) - Number(before.isUpdating);
    this.#devices.set(thing, after);
  }

  /**
   * Returns the counts as one line, with the last of new warnings; `undefined` if nothing has changed since the last call.
   */
  news(): string | undefined {
    const counts = this.#counts();
    if (counts === this.#shown) return undefined;
    const warning = this.#warning;
    this.#shown = counts;
    this.#warning = undefined;
    return warning === undefined ? counts : `${counts} (the last: ${warning})`;
  }

  #after(thing: string, state: DeviceState, event: DeviceEvent): DeviceState {
    switch (event.event) {
      case "connected":
      case "disconnected":
        return { ...state, isConnected: event.event === "connected" };
      case "warning":
        this.#warnings += 1;
        this.#warning = `${thing}: ${event.message}`;
        return state;
      case "progress": {
        const isUpdating = !isEnd(event);
        // The agent repeats its last report if AWS IoT does not answer.
        if (state.isUpdating && !isUpdating) {
          if (event.reason !== undefined) this.#failed += 1;
          else this.#succeeded += 1;
        }
        return { ...state, isUpdating };
      }
      case "jobGone":
        return { ...state, isUpdating: false };
      case "booted":
      case "wentBack":
        return state;
    }
  }

  #counts(): string {
    const counts = [
      `${this.#connected} of ${this.#total} connected`,
      `${this.#updating} updating`,
      `${this.#succeeded} succeeded`,
      `${this.#failed} failed`,
    ];
    if (this.#warnings > 0) counts.push(`${this.#warnings} warnings`);
    return counts.join(", ");
  }
}
