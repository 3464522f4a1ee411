import { messageOf } from "@fota/shared";
import type { Log } from "./ports.js";

interface Subscription {
  onMessage: (payload: string) => void;
  onReconnect: (() => void) | undefined;
}

/** Topic filters in one SUBSCRIBE, or one UNSUBSCRIBE (AWS IoT quotas). */
export const FILTERS_MAX = 8;

/** The subscriptions of an MQTT adapter, which survive reconnects. Each topic has one handler. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Subscription>();
  readonly #log: Log | undefined;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** Adds a handler and calls `subscribe`. If that fails, restores the previous handler of the topic. */
  async add(
    topic: string,
    { onMessage, onReconnect }: Subscription,
    subscribe: () => Promise<void>,
  ): Promise<void> {
    const before = this.#byTopic.get(topic);
    const subscription = { onMessage, onReconnect };
    this.#byTopic.set(topic, subscription); // a message may arrive before the acknowledgement
    try {
      await subscribe();
    } catch (error) {
      if (this.#byTopic.get(topic) === subscription) {
        if (before === undefined) this.#byTopic.delete(topic);
        else this.#byTopic.set(topic, before);
      }
      throw error;
    }
  }

  /** Removes the handler of a topic. Returns whether there was one. */
  delete(topic: string): boolean {
    return this.#byTopic.delete(topic);
  }

  /** Returns all topics in groups that fit into one SUBSCRIBE each. */
  batches(): string[][] {
    const topics = [...this.#byTopic.keys()];
    const starts = topics.flatMap((_topic, i) => (i % FILTERS_MAX === 0 ? i : []));
    return starts.map((start) => topics.slice(start, start + FILTERS_MAX));
  }

  /** Passes a message to the handler of its topic. Calls `payload` only if there is one. */
  deliver(topic: string, payload: () => string): void {
    const subscription = this.#byTopic.get(topic);
    if (subscription !== undefined) this.#guard(topic, () => subscription.onMessage(payload()));
  }

  /** Calls all `onReconnect` handlers. */
  reconnected(): void {
    for (const { onReconnect } of [...this.#byTopic.values()]) {
      if (onReconnect !== undefined) this.#guard("onReconnect", onReconnect);
    }
  }

  /** Logs an error of a handler, so that it does not end the connection. */
  #guard(what: string, handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#log?.("error", `the handler of ${what} failed: ${messageOf(error)}`);
    }
  }
}
