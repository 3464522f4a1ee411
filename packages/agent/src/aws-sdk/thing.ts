import { FotaError, messageOf } from "@fota/shared";
import { withDeadline } from "../core/deadline.js";
import type { Log, Mqtt } from "../core/ports.js";
import { printableLog } from "../core/printable-log.js";
import { Subscriptions } from "../core/subscriptions.js";
import { nodeClock } from "../node/host.js";
import type { AwsMqtt5Client } from "./client.js";

export interface AwsSdkThingOptions {
  thingName: string;
  /** How long `connect` waits while the SDK tries. 20,000 unless given. */
  connectTimeoutMs?: number;
  /** How long an acknowledgement may take. 30,000 unless given. */
  ackTimeoutMs?: number;
  log?: Log;
}

/** [MQTT-3.3.2-2]: at least once; what AWS IoT has as its highest. */
const QOS = 1;
/** MQTT 5, 2.4: reason codes from here on are failures. */
const FAILURE = 0x80;

/**
 * The agent's connection over AWS's own device SDK: give it an `Mqtt5Client` that is built and not started yet, and let
 * the agent start and stop it. Connects at once and resolves when messages flow; the SDK's client reconnects by its own
 * settings.
 * @throws {FotaError} MQTT_UNREACHABLE
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
  /** Told when the state of the connection changes: who waits for it looks again. */
  readonly #watchers = new Set<() => void>();
  #started = false;
  /** Counts connections; a new one is `online` once its subscriptions stand. */
  #connection = 0;
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
    client.on("disconnection", () => this.#lost());
    client.on("stopped", () => {
      this.#started = false;
      this.#lost();
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
    await this.#until(
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
    await this.#until(() => !this.#started, limitMs, late);
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

  /** A new connection: messages flow once the subscriptions stand again. One that fails is left to the next. */
  async #restore(): Promise<void> {
    this.#connection += 1;
    const connection = this.#connection;
    try {
      for (const topics of this.#subscriptions.batches()) {
        const subscriptions = topics.map(filterOf);
        const { reasonCodes } = await this.#client.subscribe({ subscriptions });
        const reason = reasonCodes.find((code) => code >= FAILURE);
        if (reason !== undefined) this.#log("error", `SUBSCRIBE again was refused (reason code ${reason})`);
      }
    } catch (error) {
      this.#log("warn", `the subscriptions of ${this.thingName} are not restored: ${messageOf(error)}`);
      return;
    }
    if (connection !== this.#connection) return;
    this.#online = true;
    this.#tell();
    this.#subscriptions.reconnected();
  }

  #lost(): void {
    this.#connection += 1;
    this.#online = false;
    this.#tell();
  }

  async #subscribeTo(topic: string): Promise<void> {
    const what = `SUBSCRIBE to ${topic}`;
    const { reasonCodes } = await this.#acknowledged(what, () =>
      this.#client.subscribe({ subscriptions: [filterOf(topic)] }),
    );
    const reason = reasonCodes.find((code) => code >= FAILURE);
    if (reason !== undefined) throw refused(what, reason);
  }

  /** One request, until its acknowledgement, the loss of the connection, or the time limit. */
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

  async #until(isReached: () => boolean, limitMs: number, late: () => Error): Promise<void> {
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

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #closed(): FotaError {
    return new FotaError("MQTT_CLOSED", `${this.thingName} is not connected`);
  }
}

function filterOf(topicFilter: string): { topicFilter: string; qos: number } {
  return { topicFilter, qos: QOS };
}

/** The PUBACK's reason code: 0 where there is none to read. */
function reasonOf(answer: unknown): number {
  const isPuback = typeof answer === "object" && answer !== null && "reasonCode" in answer;
  return isPuback && typeof answer.reasonCode === "number" ? answer.reasonCode : 0;
}

function refused(what: string, reason: number): FotaError {
  return new FotaError("REQUEST_REJECTED", `the broker refused ${what} (reason code ${reason})`);
}

/** The SDK gives an ArrayBuffer; a view or a text are taken too. */
function textOf(payload: unknown): string {
  if (typeof payload === "string") return payload;
  if (payload instanceof ArrayBuffer) return Buffer.from(payload).toString("utf8");
  if (ArrayBuffer.isView(payload)) {
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  }
  return "";
}
