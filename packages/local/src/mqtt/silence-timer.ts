import type { Clock } from "../clock.js";

/** The time limits of a connection: for its first packet, and then for the silence between packets. */
export class SilenceTimer {
  readonly #clock: Clock;
  #lastReceivedAtMs: number;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastReceivedAtMs = clock.nowMs();
  }

  /** Notes that the client has sent something. */
  received(): void {
    this.#lastReceivedAtMs = this.#clock.nowMs();
  }

  /** Calls `onLimit` after `limitMs`, whatever the client sends until then. */
  limit(limitMs: number, onLimit: () => void): void {
    this.#cancel();
    this.#cancel = this.#clock.after(limitMs, onLimit);
  }

  /** Calls `onSilent` once when the client has sent nothing for `limitMs`. Replaces the earlier limit. */
  limitSilence(limitMs: number, onSilent: () => void): void {
    const silentMs = this.#clock.nowMs() - this.#lastReceivedAtMs;
    if (silentMs < limitMs) this.limit(limitMs - silentMs, () => this.limitSilence(limitMs, onSilent));
    else {
      this.stop();
      onSilent();
    }
  }

  stop(): void {
    this.#cancel();
  }
}
