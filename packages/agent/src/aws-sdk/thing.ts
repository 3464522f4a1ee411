import { FotaError, messageOf } from "@fota/shared";
import { withDeadline } from "../core/deadline.js";
import type { Log, Mqtt } from "../core/ports.js";
import { printableLog } from "../core/printable-log.js";
import { Subscriptions } from "../core/subscriptions.js";
import { nodeClock } from "../node/host.js";
import type { AwsMqtt5Client } from "./client.js";

export interface AwsSdkThingOptions {
  thingName: string;
  /**
   * Limit on `connect`, during which the SDK may try several times.
   * @default 20_000
   */
  connectTimeoutMs?: number;
  /**
   * Limit on one acknowledgement by the broker.
   * @default 30_000
   */
  ackTimeoutMs?: number;
  log?: Log;
}

/** At least once, the highest quality of service that AWS IoT supports. */
const QOS = 1;
/** Reason codes from here on are failures (MQTT 5, 2.4). */
const FAILURE = 0x80;

/**
 * Connects a thing with AWS's device SDK. Pass an `Mqtt5Client` that was not started yet: the agent starts and stops
 * it. Resolves when the connection is up. The client reconnects with its own settings.
 * @throws {FotaError} MQTT_UNREACHABLE if it does not connect within `connectTimeoutMs`
 */
export async function awsSdkThing(client: AwsMqtt5Client, options: AwsSdkThingOptions): Promise<Mqtt> {
  const thing = new AwsSdkThing(client, options);
  await thing.connect();
  return thing;
}

class AwsSdkThing implements Mqtt {
  readonly thingName: string;
  readonly #client: AwsMqtt5Client;
  readonly #options: AwsSdkThingOptions;
  readonly #subscriptions: Subscriptions;
  readonly #log: Log;
  /** Called when the state of the connection changes. */
  readonly #watchers = new Set<() => void>();
  #started = false;
  /** Counts connections and losses, so that work for an earlier connection is recognized. */
  #connection = 0;
  /** The connection is up and its subscriptions are restored. */
  #online = false;
  #lastFailure: unknown;

  constructor(client: AwsMqtt5Client, options: AwsSdkThingOptions) {
    this.thingName = options.thingName;
    this.#client = client;
    this.#options = options;
    this.#log = printableLog(options.log ?? (() => {}));
    this.#subscriptions = new Subscriptions(this.#log);
    client.on("connectionSuccess", () => void this.#restore());
    client.on("connectionFailure", ({ error }) => {
      this.#lastFailure = error;
      this.#log("warn", `${this.thingName} is not connected: ${messageOf(error)}`);
    });
    client.on("disconnection", () => this.#handleLoss());
    client.on("stopped", () => {
      this.#started = false;
      this.#handleLoss();
    });
    client.on("messageReceived", ({ message }) => {
      this.#subscriptions.deliver(message.topicName, () => textOf(message.payload));
    });
  }

  async connect(): Promise<void> {
    if (!this.#started) {
      this.#started = true;
      this.#client.start();
    }
    const limitMs = this.#options.connectTimeoutMs ?? 20_000;
    await this.#waitUntil(
      () => this.#online,
      limitMs,
      () => {
        const failure = this.#lastFailure;
        const why = failure === undefined ? "no answer" : messageOf(failure);
        return new FotaError(
          "MQTT_UNREACHABLE",
          `${this.thingName} could not connect within ${limitMs} ms: ${why}`,
          {
            cause: failure,
            hint: "check endpoint and policy; readDeviceIdentity of @fota/agent/node checks certificate, key and roots",
          },
        );
      },
    );
  }

  async disconnect(): Promise<void> {
    if (!this.#started) return;
    this.#client.stop();
    const limitMs = this.#options.connectTimeoutMs ?? 20_000;
    const late = () => new FotaError("REQUEST_TIMED_OUT", `the client did not stop within ${limitMs} ms`);
    await this.#waitUntil(() => !this.#started, limitMs, late);
  }

  async publish(topic: string, payload: string): Promise<void> {
    const what = `PUBLISH to ${topic}`;
    const answer = await this.#acknowledged(what, () =>
      this.#client.publish({ topicName: topic, payload, qos: QOS }),
    );
    if (reasonOf(answer) >= FAILURE) throw refused(what, reasonOf(answer));
  }

  async subscribe(
    topic: string,
    onMessage: (payload: string) => void,
    onReconnect?: () => void,
  ): Promise<void> {
    await this.#subscriptions.add(topic, { onMessage, onReconnect }, () => this.#subscribeTo(topic));
  }

  async unsubscribe(topic: string): Promise<void> {
    if (!this.#subscriptions.delete(topic) || !this.#online) return;
    await this.#acknowledged(`UNSUBSCRIBE from ${topic}`, () =>
      this.#client.unsubscribe({ topicFilters: [topic] }),
    );
  }

  /** Restores the subscriptions of a new connection. If that fails, the next connection tries again. */
  async #restore(): Promise<void> {
    this.#connection += 1;
    const connection = this.#connection;
    try {
      for (const topics of this.#subscriptions.batches()) {
        const subscriptions = topics.map(filterOf);
        const { reasonCodes } = await this.#client.subscribe({ subscriptions });
        const reason = reasonCodes.find((code) => code >= FAILURE);
        if (reason !== undefined)
          this.#log("error", `the broker refused to resubscribe (reason code ${reason})`);
      }
    } catch (error) {
      this.#log("warn", `cannot restore the subscriptions of ${this.thingName}: ${messageOf(error)}`);
      return;
    }
    if (connection !== this.#connection) return;
    this.#online = true;
    this.#notifyWatchers();
    this.#subscriptions.reconnected();
  }

  #handleLoss(): void {
    this.#connection += 1;
    this.#online = false;
    this.#notifyWatchers();
  }

  async #subscribeTo(topic: string): Promise<void> {
    const what = `SUBSCRIBE to ${topic}`;
    const { reasonCodes } = await this.#acknowledged(what, () =>
      this.#client.subscribe({ subscriptions: [filterOf(topic)] }),
    );
    const reason = reasonCodes.find((code) => code >= FAILURE);
    if (reason !== undefined) throw refused(what, reason);
  }

  /** Sends one request and waits for its acknowledgement. Rejects when the connection is lost or the time is up. */
  async #acknowledged<T>(what: string, request: () => Promise<T>): Promise<T> {
    if (!this.#online) throw this.#closed();
    const connection = this.#connection;
    const limitMs = this.#options.ackTimeoutMs ?? 30_000;
    const late = () =>
      new FotaError("REQUEST_TIMED_OUT", `no acknowledgement of ${what} within ${limitMs} ms`);
    let watcher: () => void = () => {};
    const lost = new Promise<never>((_resolve, reject) => {
      watcher = () => void (connection !== this.#connection && reject(this.#closed()));
      this.#watchers.add(watcher);
    });
    const answer = request().catch((cause: unknown) => {
      throw new FotaError("MQTT_CLOSED", `${what} was not sent: ${messageOf(cause)}`, { cause });
    });
    try {
      return await withDeadline(nodeClock, limitMs, Promise.race([answer, lost]), late);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  async #waitUntil(isReached: () => boolean, limitMs: number, late: () => Error): Promise<void> {
    if (isReached()) return;
    let watcher: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      watcher = () => void (isReached() && resolve());
      this.#watchers.add(watcher);
    });
    try {
      await withDeadline(nodeClock, limitMs, reached, late);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  #notifyWatchers(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #closed(): FotaError {
    return new FotaError("MQTT_CLOSED", `${this.thingName} is not connected`);
  }
}

function filterOf(topicFilter: string): { topicFilter: string; qos: number } {
  return { topicFilter, qos: QOS };
}

/** Returns the reason code of a PUBACK; 0 if it has none. */
function reasonOf(answer: unknown): number {
  const isPuback = typeof answer === "object" && answer !== null && "reasonCode" in answer;
  return isPuback && typeof answer.reasonCode === "number" ? answer.reasonCode : 0;
}

function refused(what: string, reason: number): FotaError {
  return new FotaError("REQUEST_REJECTED", `the broker refused ${what} (reason code ${reason})`);
}

/** Decodes a payload. The SDK passes an ArrayBuffer; views and strings are accepted, too. */
function textOf(payload: unknown): string {
  if (typeof payload === "string") return payload;
  if (payload instanceof ArrayBuffer) return Buffer.from(payload).toString("utf8");
  if (ArrayBuffer.isView(payload)) {
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  }
  return "";
}
