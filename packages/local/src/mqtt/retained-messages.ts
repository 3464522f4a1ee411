import type { Clock } from "../clock.js";
import { SortedList } from "../listing/sorted-list.js";
import { isExpired, type Message } from "./message.js";
import type { SessionStore } from "./session-store.js";

/** The retained message of each topic. */
export class RetainedMessages {
  readonly #clock: Clock;
  readonly #store: SessionStore | undefined;
  readonly #byTopic: Map<string, Message>;
  /** Absent until the messages are listed. */
  #topics: SortedList<string> | undefined;

  constructor(clock: Clock, store: SessionStore | undefined) {
    this.#clock = clock;
    this.#store = store;
    this.#byTopic = new Map(store?.retained().map((message) => [message.topic, message]));
  }

  /** Retains a message in place of the one on its topic. One with an empty payload only removes that [MQTT-3.3.1-6]. */
  add(message: Message): void {
    const retained = { ...message, retainedAtMs: this.#clock.nowMs() };
    this.#store?.retain(retained);
    const { topic } = message;
    const isNew = !this.#byTopic.has(topic);
    if (message.payload.length > 0) this.#byTopic.set(topic, retained);
    else this.#byTopic.delete(topic);
    if (isNew && this.#byTopic.has(topic)) this.#topics?.add(topic);
    if (!this.#byTopic.has(topic)) this.#topics?.delete(topic);
  }

  /** Returns the message for a new subscription. As at AWS, filters with wildcards get none. */
  find(filter: string): Message | undefined {
    const message = this.#byTopic.get(filter);
    return message !== undefined && !isExpired(message, this.#clock.nowMs()) ? message : undefined;
  }

  /** Yields the retained messages in the order of their topics: only those after `last`, if it is given. */
  *after(last: string | undefined): Iterable<Message> {
    this.#topics ??= new SortedList(compareTexts, this.#byTopic.keys());
    for (const topic of this.#topics.upwards((each) => last !== undefined && each <= last)) {
      const message = this.find(topic);
      if (message !== undefined) yield message;
    }
  }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
