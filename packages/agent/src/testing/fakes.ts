import { createHash } from "node:crypto";
import { createInventory } from "../core/inventory.js";
import type { Device, Log } from "../core/ports.js";
import { createTrust } from "../core/trust-keeper.js";
import type { TrustSettings } from "../core/trust-ports.js";
import { Fota } from "../fota.js";
import type { FotaOptions, HandleFotaJobsOptions } from "../fota-options.js";
import { Jobs } from "../jobs.js";
import { FakeCloud } from "./fake-cloud.js";
import { FakeFlash, type FakeFlashOptions } from "./fake-flash.js";
import { FakeServer } from "./fake-server.js";
import { ManualClock } from "./manual-clock.js";
import { Power } from "./power.js";

/** One process of the firmware, which runs from one boot to the next. */
export interface FakeProcess {
  power: Power;
  device: Device;
  fota: Fota;
  jobs: Jobs;
  /** Calls `handleFotaJobs` and advances the clock until it ends, or until the power is cut. */
  handle(options?: HandleFotaJobsOptions): Promise<true | undefined | "power-cut">;
}

export interface FakeBootOptions extends FotaOptions {
  power?: Power;
  overrides?: Partial<Device>;
  trust?: Omit<TrustSettings, "store"> | undefined;
  /** The device reports what it runs. */
  inventory?: boolean;
}

/** A simulated device, with a fake cloud and a fake image server. */
export class FakeWorld {
  readonly clock = new ManualClock();
  readonly cloud = new FakeCloud();
  readonly server: FakeServer;
  readonly flash: FakeFlash;
  readonly logged: string[] = [];
  #tokens = 0;

  constructor(images: { old: Uint8Array; new: Uint8Array }, flash: FakeFlashOptions = {}) {
    this.flash = new FakeFlash(images.old, flash);
    this.server = new FakeServer(images.new);
  }

  /**
   * Boots the device: the boot loader chooses the slot, and its firmware starts. `overrides` replace ports. With
   * `trust`, the device keeps what it must not forget across power cuts, too.
   */
  boot(options: FakeBootOptions = {}): FakeProcess {
    const { power = new Power(), overrides = {}, trust, inventory, ...fotaOptions } = options;
    this.flash.boot();
    const log: Log = (level, message) => void this.logged.push(`${level}: ${message}`);
    const device: Device = {
      slots: this.flash.slots(power),
      state: this.flash.stateStore(power),
      http: this.server.http(power),
      clock: this.clock,
      random: { next: () => 0.5, token: () => `token-${++this.#tokens}` },
      log,
      ...(trust && { trust: createTrust({ ...trust, store: this.flash.trustStore(power) }) }),
      ...(inventory === true && {
        inventory: createInventory({ store: this.flash.inventoryStore(power) }),
      }),
      ...overrides,
    };
    const fota = new Fota(device, fotaOptions);
    const jobs = new Jobs(this.cloud.mqtt(power), { host: hostOf(device) });
    const handle = (handleOptions: HandleFotaJobsOptions = {}) =>
      this.clock.run(Promise.race([power.off, fota.handleFotaJobs(jobs, handleOptions)]));
    return { power, device, fota, jobs, handle };
  }
}

function hostOf({ clock, random }: Device) {
  return {
    next: () => random.next(),
    token: () => random.token(),
    sleep: (delayMs: number) => clock.sleep(delayMs),
    after: (delayMs: number, action: () => void) => clock.after(delayMs, action),
  };
}

/** Returns the job document of `image`, as `fota publish` writes it, with the keys of `more` added. */
export function documentOf(image: Uint8Array, slot: number, more: Record<string, unknown> = {}) {
  return {
    operation: "fota",
    bc_idx: slot,
    bc_crc: createHash("md5").update(image).digest("hex"),
    bc_size: image.length,
    bc_url: "https://bucket.example/image",
    bc_sha256: createHash("sha256").update(image).digest("hex"),
    ...more,
  };
}

/** Returns an image of `sizeBytes` bytes that differs with `seed`. */
export function imageOf(seed: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 131 + seed * 89 + (i >> 7)) & 255);
}
