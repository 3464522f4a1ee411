import type { Clock } from "../clock.js";
import { isExpired, type Message } from "./message.js";
import type { SessionStore } from "./session-store.js";

/** The retained message of each topic. */
export class RetainedMessages {
  readonly #clock: Clock;
  readonly #store: SessionStore | undefined;
  readonly #byTopic: Map<string, Message>;

  constructor(clock: Clock, store: SessionStore | undefined) {
    this.#clock = clock;
    this.#store = store;
    this.#byTopic = new Map(store?.retained().map((message) => [message.topic, message]));
  }

  /** Retains a message in place of the one on its topic. One with an empty payload only removes that [MQTT-3.3.1-6]. */
  add(message: Message): void {
    const retained = { ...message, retainedAtMs: this.#clock.nowMs() };
    this.#store?.retain(retained);
    if (message.payload.length > 0) this.#byTopic.set(message.topic, retained);
    else this.#byTopic.delete(message.topic);
  }

  /** Returns the message for a new subscription. As at AWS, filters with wildcards get none. */
  find(filter: string): Message | undefined {
    const message = this.#byTopic.get(filter);
    return message !== undefined && !isExpired(message, this.#clock.nowMs()) ? message : undefined;
  }

  /** Returns all retained messages. */
  all(): Message[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#byTopic.values()].filter((message) => !isExpired(message, nowMs));
  }
}
