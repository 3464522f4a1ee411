import { FILTERS_MAX } from "../core/subscriptions.js";
import type { MqttClient } from "./mqtt-client.js";

export type Acknowledged = (error?: Error | null) => void;

interface Asked {
  kind: "subscribe" | "unsubscribe";
  topic: string;
  done: Acknowledged;
}

/**
 * Sends what is asked for in one turn of the event loop in as few packets as possible: a request of the agent subscribes to
 * two topics before it, and unsubscribes from them after it. One object for each connection.
 */
export class FilterBatch {
  readonly #client: MqttClient;
  #asked: Asked[] = [];

  constructor(client: MqttClient) {
    this.#client = client;
  }

  subscribe(topic: string, done: Acknowledged): void {
    this.#ask({ kind: "subscribe", topic, done });
  }

  unsubscribe(topic: string, done: Acknowledged): void {
    this.#ask({ kind: "unsubscribe", topic, done });
  }

  /** Sends now what was asked for, before another packet. */
  flush(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let begin = 0; begin < asked.length; ) {
      const kind = asked[begin]?.kind;
      let end = begin + 1;
      while (end < asked.length && end - begin < FILTERS_MAX && asked[end]?.kind === kind) end += 1;
      this.#send(asked.slice(begin, end));
      begin = end;
    }
  }

  #ask(one: Asked): void {
    if (this.#asked.length === 0) queueMicrotask(() => this.flush());
    this.#asked.push(one);
  }

  #send(batch: readonly Asked[]): void {
    const topics = batch.map(({ topic }) => topic);
    const answer = (error?: Error | null) => {
      for (const { done } of batch) done(error);
    };
    if (batch[0]?.kind === "unsubscribe") this.#client.unsubscribe(topics, answer);
    else if (batch.length === 1) subscribeTo(this.#client, topics, answer);
    else {
      // If one topic is refused, each is asked for by itself: MQTT.js does not tell which one it was.
      subscribeTo(this.#client, topics, (error) => {
        if (!error) answer();
        else for (const one of batch) subscribeTo(this.#client, [one.topic], one.done);
      });
    }
  }
}

/** Subscribes to all topics with one packet. If one of them is refused, `done` gets an error. */
export function subscribeTo(client: MqttClient, topics: string[], done: Acknowledged): void {
  client.subscribe(topics, { qos: 1 }, (error, granted) => {
    const refused = granted?.find(({ qos }) => qos >= 0x80);
    done(error ?? (refused && new Error(`${refused.topic} is not allowed`)));
  });
}
