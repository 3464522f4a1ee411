import type { DeviceEvent } from "./virtual-device.js";

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
  #lastWarning = "";
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

  /** Returns the counts as one line, or `undefined` if they are those of the last call. */
  news(): string | undefined {
    const line = this.#line();
    if (line === this.#shown) return undefined;
    this.#shown = line;
    return line;
  }

  #after(thing: string, state: DeviceState, event: DeviceEvent): DeviceState {
    switch (event.event) {
      case "connected":
      case "disconnected":
        return { ...state, isConnected: event.event === "connected" };
      case "warning":
        this.#warnings += 1;
        this.#lastWarning = `${thing}: ${event.message}`;
        return state;
      case "progress": {
        const hasFailed = event.reason !== undefined;
        const isUpdating = !hasFailed && event.phase !== "done";
        // The agent repeats its last report if AWS IoT does not answer.
        if (state.isUpdating && !isUpdating) {
          if (hasFailed) this.#failed += 1;
          else this.#succeeded += 1;
        }
        return { ...state, isUpdating };
      }
      case "booted":
      case "wentBack":
        return state;
    }
  }

  #line(): string {
    const counts = [
      `${this.#connected} of ${this.#total} connected`,
      `${this.#updating} updating`,
      `${this.#succeeded} succeeded`,
      `${this.#failed} failed`,
    ];
    if (this.#warnings === 0) return counts.join(", ");
    return `${counts.join(", ")}, ${this.#warnings} warnings (the last: ${this.#lastWarning})`;
  }
}
