import { messageOf } from "@fota/shared";
import type { Log } from "./ports.js";

interface Subscription {
  onMessage: (payload: string) => void;
  onReconnect: (() => void) | undefined;
}

/** AWS IoT quotas: filters of one SUBSCRIBE. */
const FILTERS_MAX = 8;

/** What an MQTT adapter is subscribed to, one handler a topic; it outlives connections. */
export class Subscriptions {
  readonly #byTopic = new Map<string, Subscription>();
  readonly #log: Log | undefined;

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** Subscribes by `ask`. Where that fails, what there was before stands again. */
  async add(
    topic: string,
    { onMessage, onReconnect }: Subscription,
    ask: () => Promise<void>,
  ): Promise<void> {
    const before = this.#byTopic.get(topic);
    const subscription = { onMessage, onReconnect };
    this.#byTopic.set(topic, subscription); // before the acknowledgement: a message may overtake it
    try {
      await ask();
    } catch (error) {
      if (this.#byTopic.get(topic) === subscription) {
        if (before === undefined) this.#byTopic.delete(topic);
        else this.#byTopic.set(topic, before);
      }
      throw error;
    }
  }

  /** Whether there was one. */
  delete(topic: string): boolean {
    return this.#byTopic.delete(topic);
  }

  /** The topics of all, as many together as one SUBSCRIBE may have. */
  batches(): string[][] {
    const topics = [...this.#byTopic.keys()];
    const starts = topics.flatMap((_topic, i) => (i % FILTERS_MAX === 0 ? i : []));
    return starts.map((start) => topics.slice(start, start + FILTERS_MAX));
  }

  /** `payload` is called only where somebody is subscribed. */
  deliver(topic: string, payload: () => string): void {
    const subscription = this.#byTopic.get(topic);
    if (subscription !== undefined) this.#guard(topic, () => subscription.onMessage(payload()));
  }

  reconnected(): void {
    for (const { onReconnect } of [...this.#byTopic.values()]) {
      if (onReconnect !== undefined) this.#guard("onReconnect", onReconnect);
    }
  }

  /** A fault of a handler is not one of the connection. */
  #guard(what: string, handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#log?.("error", `the handler of ${what} failed: ${messageOf(error)}`);
    }
  }
}
