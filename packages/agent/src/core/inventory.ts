import {
  decodeInventory,
  INVENTORY_SHADOW,
  type Inventory,
  isFotaError,
  messageOf,
  shadowTopic,
} from "@fota/shared";
import { AGENT_VERSION } from "./agent-version.js";
import { type BackoffPolicy, backoffMs } from "./backoff.js";
import { bootOf } from "./classify-job.js";
import { isCount, isRecord } from "./guards.js";
import type { InventoryReporter, KnownImage } from "./inventory-port.js";
import { JobsClient, type JobsResult } from "./jobs-client.js";
import { parseMessage } from "./jobs-payloads.js";
import type { Device, Mqtt, StateStore } from "./ports.js";
import { matchesTarget } from "./verify.js";

export interface InventorySettings {
  /** Remembers the last accepted report across restarts. Separate from the state of updates. */
  store: StateStore;
  /** Delays before a report is repeated. Default: 1 min to 1 h. */
  retry?: BackoffPolicy;
}

/** What changes a report. `bootedAt` does not: a restart alone is no news. */
type Facts = Omit<Inventory, "bootedAt">;

interface Saved {
  /** The last report that AWS IoT accepted. */
  reported?: Facts;
  /** The image that ran when the device last knew it. */
  image?: KnownImage;
}

const STORE_VERSION = 1;
const RETRY: BackoffPolicy = { baseMs: 60_000, maxMs: 3_600_000 };
/** Refusals in a row after which the device reports nothing more until it restarts. */
const REFUSALS_MAX = 3;

/**
 * Returns the `inventory` of a device. It reports version, slot, model and image in the named shadow `fota`: one message
 * for each change, repeated until AWS IoT accepts it, and none after a restart that changed nothing.
 *
 * AWS IoT closes the connection of a device that publishes without permission. After three such losses or refusals in a
 * row, the device reports nothing more until it restarts, so that its updates are not disturbed.
 */
export function createInventory(settings: InventorySettings): InventoryReporter {
  return new ShadowInventory(settings);
}

class ShadowInventory implements InventoryReporter {
  readonly #store: StateStore;
  readonly #retry: BackoffPolicy;
  #saved: Saved | undefined;
  /** The facts of this boot, which can only change when a document identifies the running image. */
  #known: { of: KnownImage | undefined; facts: Facts } | undefined;
  #firstCallMs: number | undefined;
  #nextTryMs = 0;
  #failures = 0;
  #refusals = 0;
  #client: { of: Mqtt; requests: JobsClient } | undefined;

  constructor({ store, retry = RETRY }: InventorySettings) {
    this.#store = store;
    this.#retry = retry;
  }

  async report(device: Device, mqtt: Mqtt, identified: KnownImage | undefined): Promise<number | undefined> {
    const { clock, log, random } = device;
    const nowMs = clock.monotonicMs();
    this.#firstCallMs ??= nowMs;
    if (this.#refusals >= REFUSALS_MAX) return undefined;
    if (nowMs < this.#nextTryMs) return this.#nextTryMs - nowMs;
    try {
      if (await this.#isReported(device, mqtt, identified)) {
        this.#failures = 0;
        this.#refusals = 0;
        return undefined;
      }
    } catch (error) {
      log("warn", `the inventory was not reported: ${messageOf(error)}`, error);
      if (isRefusal(error)) this.#refusals += 1;
    }
    if (this.#refusals >= REFUSALS_MAX) {
      log(
        "warn",
        `the inventory is not reported until the device restarts: it was refused ${REFUSALS_MAX} times in a row; allow the topics of the shadow ${INVENTORY_SHADOW} in its policy`,
      );
      return undefined;
    }
    this.#failures += 1;
    const delayMs = backoffMs(this.#failures, this.#retry, (1 + random.next()) / 2);
    this.#nextTryMs = clock.monotonicMs() + delayMs;
    return delayMs;
  }

  /** Sends a report if there is news. Returns whether AWS IoT has it. */
  async #isReported(device: Device, mqtt: Mqtt, identified: KnownImage | undefined): Promise<boolean> {
    const record = await device.slots.record();
    if (bootOf(record) !== "settled") return true; // an image on trial may be reverted: its report is no fact yet
    const facts = await this.#factsOf(device, record.runningSlot, identified);
    const { reported } = await this.#load();
    if (reported !== undefined && sameFacts(reported, facts)) return true;
    await mqtt.connect();
    const result = await this.#send(device, mqtt, facts);
    if (result.outcome === "unanswered") throw result.error;
    if (result.outcome === "rejected") throw new Error(result.rejection.error.message);
    await this.#save({ ...(await this.#load()), reported: facts });
    return true;
  }

  async #factsOf(device: Device, slot: number, identified: KnownImage | undefined): Promise<Facts> {
    if (this.#known?.of === identified && this.#known !== undefined) return this.#known.facts;
    const saved = await this.#load();
    const image = await runningImage(device, slot, identified, saved.image);
    if (identified !== undefined) await this.#save({ ...saved, ...(image && { image }) });
    const version = device.firmwareVersion ?? image?.version;
    const { model } = device;
    const facts = {
      ...(version !== undefined && { version }),
      slot,
      ...(model !== undefined && { model }),
      ...(image?.sha256 !== undefined && { imageSha256: image.sha256 }),
      agent: AGENT_VERSION,
    };
    this.#known = { of: identified, facts };
    return facts;
  }

  async #send(device: Device, mqtt: Mqtt, facts: Facts): Promise<JobsResult<undefined>> {
    const { clock, random } = device;
    if (this.#client?.of !== mqtt) {
      const host = {
        next: () => random.next(),
        token: () => random.token(),
        sleep: (delayMs: number) => clock.sleep(delayMs),
        after: (delayMs: number, action: () => void) => clock.after(delayMs, action),
      };
      this.#client = { of: mqtt, requests: new JobsClient(mqtt, host, { attempts: 1 }) };
    }
    const topic = shadowTopic({ thingName: mqtt.thingName, shadowName: INVENTORY_SHADOW }, "update");
    // A shadow keeps what a message leaves out; null removes it.
    const unknown = { version: null, model: null, imageSha256: null };
    const reported = { ...unknown, ...facts, bootedAt: this.#bootedAt(device) };
    return await this.#client.requests.request(topic, { state: { reported } }, () => undefined);
  }

  /** Asked late, because the clock of a device may be set only after its boot. */
  #bootedAt({ wallClockMs, clock }: Device): string | null {
    const nowMs = wallClockMs?.();
    if (nowMs === undefined) return null;
    const runsForMs = clock.monotonicMs() - (this.#firstCallMs ?? 0);
    return new Date(nowMs - runsForMs).toISOString();
  }

  async #load(): Promise<Saved> {
    this.#saved ??= parseSaved((await this.#store.load()) ?? "");
    return this.#saved;
  }

  async #save(saved: Saved): Promise<void> {
    await this.#store.save(JSON.stringify({ version: STORE_VERSION, ...saved }));
    this.#saved = saved;
  }
}

/**
 * Returns the running image with its SHA-256. One that is only remembered may have been replaced, so the slot is read
 * again.
 */
async function runningImage(
  { slots }: Device,
  slot: number,
  identified: KnownImage | undefined,
  remembered: KnownImage | undefined,
): Promise<KnownImage | undefined> {
  const image = identified ?? remembered;
  if (image === undefined || identified?.sha256 !== undefined) return identified && pickImage(identified);
  const found = await slots.digest(slot, image.sizeBytes);
  return matchesTarget(found, image) ? pickImage({ ...image, sha256: found.sha256 }) : undefined;
}

function pickImage({ sizeBytes, md5, sha256, version }: KnownImage): KnownImage {
  return {
    sizeBytes,
    md5,
    ...(sha256 !== undefined && { sha256 }),
    ...(version !== undefined && { version }),
  };
}

/** Tells whether the broker, or a policy, may have refused the request. A lost connection looks the same. */
function isRefusal(error: unknown): boolean {
  return isFotaError(error, "REQUEST_REJECTED") || isFotaError(error, "MQTT_CLOSED");
}

function sameFacts(a: Facts, b: Facts): boolean {
  const keys = ["version", "slot", "model", "imageSha256", "agent"] as const;
  return keys.every((key) => a[key] === b[key]);
}

/** Parses the saved text. A torn, foreign or newer one tells nothing: the device then reports once more. */
function parseSaved(text: string): Saved {
  const saved = parseMessage(text);
  if (saved?.["version"] !== STORE_VERSION) return {};
  const { reported, image } = saved;
  return {
    ...(isRecord(reported) && { reported: decodeInventory(reported) }),
    ...(isKnownImage(image) && { image }),
  };
}

function isKnownImage(value: unknown): value is KnownImage {
  if (!isRecord(value) || !isCount(value["sizeBytes"]) || typeof value["md5"] !== "string") return false;
  const { sha256, version } = value;
  return typeof sha256 === "string" && (version === undefined || typeof version === "string");
}
