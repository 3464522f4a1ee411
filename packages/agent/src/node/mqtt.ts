import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { backoffMs } from "../core/backoff.js";
import { withDeadline } from "../core/deadline.js";
import { Interruption } from "../core/interruption.js";
import type { Log, Mqtt } from "../core/ports.js";
import { printableLog } from "../core/printable-log.js";
import { Subscriptions } from "../core/subscriptions.js";
import { type Acknowledged, FilterBatch, subscribeTo } from "./filter-batch.js";
import { nodeClock } from "./host.js";
import type { MqttClient } from "./mqtt-client.js";
import { clientOptions } from "./mqtt-client-options.js";
import {
  ClosedWithoutAnswer,
  closedError,
  disconnectReason,
  networkError,
  unreachable,
} from "./mqtt-fault.js";
import { type Broker, parseBroker, type ThingOptions } from "./mqtt-options.js";
import { chooseRoute, startClient } from "./mqtt-route.js";
import { parseProxyOption } from "./proxy.js";

/** A connection that lasted this long resets the backoff. AWS's device SDK uses the same time. */
const STABLE_MS = 30_000;
/** Time for a clean DISCONNECT before the socket is destroyed. */
const CLOSE_LIMIT_MS = 2_000;

/**
 * Connects a thing by MQTT. Resolves when the connection is up. Later it reconnects automatically, with backoff and
 * jitter, which also slows down two devices that share a client id and disconnect each other.
 * @throws {FotaError} MQTT_UNREACHABLE with the cause; CONFIG_INVALID for an address, certificate, key or proxy
 */
export async function connectThing(options: ThingOptions): Promise<Mqtt> {
  const thing = new ThingConnection(options);
  await thing.connect();
  return thing;
}

/** Uses a new MqttClient for each connection, so that no state of a lost connection remains. */
class ThingConnection implements Mqtt {
  readonly thingName: string;
  readonly #options: ThingOptions;
  readonly #broker: Broker;
  readonly #clientId: string;
  readonly #connectTimeoutMs: number;
  readonly #log: Log;
  readonly #subscriptions: Subscriptions;
  /** Rejects the requests without an acknowledgement when the connection is lost. */
  readonly #unacknowledged = new Set<(error: Error) => void>();
  /** Settles the callers of `connect` that wait for a reconnect. */
  readonly #waiting = new Set<(error?: Error) => void>();
  #lastFailure: unknown;
  /** `connect` was called, and `disconnect` was not called since. */
  #wanted = false;
  /** The connection that is up. */
  #client: MqttClient | undefined;
  #filters: FilterBatch | undefined;
  /** Ends the attempt to connect. */
  #attempt: Interruption | undefined;
  #connecting: Promise<void> | undefined;
  #cancelDelay: (() => void) | undefined;
  #onlineSinceMs = 0;
  #losses = 0;

  constructor(options: ThingOptions) {
    this.thingName = options.thingName;
    this.#options = options;
    this.#log = printableLog(options.log ?? (() => {}));
    this.#subscriptions = new Subscriptions(this.#log);
    this.#broker = parseBroker(options);
    if (typeof options.proxy === "string") parseProxyOption(options.proxy);
    this.#clientId = options.clientId ?? options.thingName;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 20_000;
  }

  async connect(): Promise<void> {
    if (this.#client !== undefined) return;
    this.#wanted = true;
    if (this.#cancelDelay !== undefined) return await this.#waitForReconnect(); // keeps the backoff
    const { inTurn = async (attempt) => await attempt() } = this.#options;
    this.#connecting ??= inTurn(() => this.#open()).finally(() => {
      this.#connecting = undefined;
    });
    try {
      await this.#connecting;
    } catch (error) {
      if (this.#losses > 0) this.#scheduleReconnect();
      else this.#wanted = false;
      throw error;
    }
  }

  async disconnect(): Promise<void> {
    this.#wanted = false;
    this.#losses = 0;
    this.#cancelDelay?.();
    this.#cancelDelay = undefined;
    for (const finish of this.#waiting) finish(closedError(this.thingName));
    this.#attempt?.interrupt("stopped");
    await this.#connecting?.catch(() => {}); // #open gives up, because the connection is no longer wanted
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await close(client);
    this.#failUnacknowledged();
  }

  async publish(topic: string, payload: string): Promise<void> {
    await this.#acknowledged(`PUBLISH to ${topic}`, (client, filters, done) => {
      filters.flush();
      client.publish(topic, payload, { qos: 1 }, done);
    });
  }

  async subscribe(
    topic: string,
    onMessage: (payload: string) => void,
    onReconnect?: () => void,
  ): Promise<void> {
    await this.#subscriptions.add(topic, { onMessage, onReconnect }, () =>
      this.#acknowledged(`SUBSCRIBE to ${topic}`, (_, filters, done) => filters.subscribe(topic, done)),
    );
  }

  async unsubscribe(topic: string): Promise<void> {
    if (!this.#subscriptions.delete(topic) || this.#client === undefined) return;
    await this.#acknowledged(`UNSUBSCRIBE from ${topic}`, (_, filters, done) =>
      filters.unsubscribe(topic, done),
    );
  }

  /** Makes one attempt: connects, restores the subscriptions and calls their `onReconnect`. */
  async #open(): Promise<void> {
    if (!this.#wanted) throw closedError(this.thingName); // disconnected before its turn
    const settings = await clientOptions(this.#options, this.#broker);
    const route = await chooseRoute(this.#options, this.#broker);
    if (!this.#wanted) throw closedError(this.thingName);
    const attempt = new Interruption();
    this.#attempt = attempt;
    const endsMs = nodeClock.monotonicMs() + this.#connectTimeoutMs;
    const remainingMs = () => Math.max(1, endsMs - nodeClock.monotonicMs());
    let client: MqttClient | undefined;
    try {
      const withTimeout = { ...settings, connectTimeout: 2 * this.#connectTimeoutMs }; // our own deadline comes first
      const opening = await startClient(withTimeout, this.#broker, route, remainingMs, attempt);
      client = opening;
      attempt.onInterrupt(() => opening.end(true));
      client.on("message", (topic, payload) => {
        this.#subscriptions.deliver(topic, () => payload.toString("utf8"));
      });
      await withDeadline(nodeClock, remainingMs(), this.#handshake(client), () =>
        networkError("ETIMEDOUT", "no answer in time"),
      );
    } catch (cause) {
      client?.end(true);
      this.#lastFailure = cause;
      throw this.#wanted
        ? unreachable(this.#broker, this.#clientId, cause)
        : closedError(this.thingName, cause);
    } finally {
      this.#attempt = undefined;
    }
    if (!this.#wanted) {
      await close(client);
      throw closedError(this.thingName);
    }
    const opened = client;
    this.#client = opened;
    this.#filters = new FilterBatch(opened);
    this.#onlineSinceMs = nodeClock.monotonicMs();
    opened.once("close", () => this.#handleLoss(opened));
    if (!opened.connected) return this.#handleLoss(opened);
    this.#options.onConnectionChange?.(true);
    for (const finish of this.#waiting) finish();
    this.#subscriptions.reconnected();
  }

  /** Waits for a scheduled reconnect, at most as long as one attempt may take. */
  async #waitForReconnect(): Promise<void> {
    let finish: (error?: Error) => void = () => {};
    const reconnected = new Promise<void>((resolve, reject) => {
      finish = (error) => (error ? reject(error) : resolve());
      this.#waiting.add(finish);
    });
    try {
      await withDeadline(nodeClock, this.#connectTimeoutMs, reconnected, () =>
        unreachable(this.#broker, this.#clientId, this.#lastFailure),
      );
    } finally {
      this.#waiting.delete(finish);
    }
  }

  async #handshake(client: MqttClient): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.on("error", reject); // stays registered: an error event without a listener would end the process
      client.once("close", () => reject(new ClosedWithoutAnswer()));
      client.on("disconnect", ({ reasonCode }) => {
        this.#log(
          "warn",
          `the broker closed the connection of ${this.thingName}${disconnectReason(reasonCode)}`,
        );
      });
    });
    for (const filters of this.#subscriptions.batches()) {
      await new Promise<void>((resolve, reject) => {
        client.once("close", () => reject(new ClosedWithoutAnswer()));
        subscribeTo(client, filters, (error) => (error ? reject(error) : resolve()));
      });
    }
  }

  #handleLoss(client: MqttClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#lastFailure = networkError("ECONNRESET", "the connection was lost");
    client.end(true);
    this.#failUnacknowledged();
    if (!this.#wanted) return;
    this.#options.onConnectionChange?.(false);
    if (nodeClock.monotonicMs() - this.#onlineSinceMs >= STABLE_MS) this.#losses = 0;
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    if (!this.#wanted || this.#cancelDelay !== undefined || this.#client !== undefined) return;
    this.#losses += 1;
    const policy = this.#options.reconnect ?? { baseMs: 1_000, maxMs: 60_000 };
    const delayMs = backoffMs(this.#losses, policy, Math.random());
    this.#log("info", `${this.thingName} is not connected; next attempt in ${delayMs} ms`);
    this.#cancelDelay = nodeClock.after(delayMs, () => {
      this.#cancelDelay = undefined;
      this.connect().catch((error: unknown) => this.#log("warn", messageOf(error), error));
    });
  }

  /** Sends one request and waits for its acknowledgement. Rejects when the connection is lost or the time is up. */
  async #acknowledged(
    what: string,
    request: (client: MqttClient, filters: FilterBatch, done: Acknowledged) => void,
  ): Promise<void> {
    const [client, filters] = [this.#client, this.#filters];
    if (client === undefined || filters === undefined) throw closedError(this.thingName);
    let lost: (error: Error) => void = () => {};
    const answer = new Promise<void>((resolve, reject) => {
      lost = reject;
      this.#unacknowledged.add(reject);
      request(client, filters, (error) => (error ? reject(error) : resolve()));
    });
    const limitMs = this.#options.ackTimeoutMs ?? 30_000;
    try {
      await withDeadline(
        nodeClock,
        limitMs,
        answer,
        () => new FotaError("REQUEST_TIMED_OUT", `no acknowledgement of ${what} within ${limitMs} ms`),
      );
    } catch (error) {
      if (isFotaError(error)) throw error;
      if (!client.connected) throw closedError(this.thingName, error);
      throw new FotaError("REQUEST_REJECTED", `the broker refused ${what}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      this.#unacknowledged.delete(lost);
    }
  }

  #failUnacknowledged(): void {
    for (const fail of this.#unacknowledged) fail(closedError(this.thingName));
  }
}

/**
 * Sends DISCONNECT after the messages in flight and waits until the socket is closed. Destroys it if that takes long.
 */
async function close(client: MqttClient): Promise<void> {
  const { stream } = client;
  if (stream.destroyed) return;
  const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  client.end();
  const cancel = nodeClock.after(CLOSE_LIMIT_MS, () => stream.destroy());
  await closed;
  cancel();
}
