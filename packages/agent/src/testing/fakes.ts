import { createHash } from "node:crypto";
import type { Device, Log } from "../core/ports.js";
import { Fota } from "../fota.js";
import type { FotaOptions, HandleFotaJobsOptions } from "../fota-options.js";
import { Jobs } from "../jobs.js";
import { FakeCloud } from "./fake-cloud.js";
import { FakeFlash, type FakeFlashOptions } from "./fake-flash.js";
import { FakeServer } from "./fake-server.js";
import { ManualClock } from "./manual-clock.js";
import { Power } from "./power.js";

/** A process of the firmware: from a boot to the next. */
export interface FakeProcess {
  power: Power;
  device: Device;
  fota: Fota;
  jobs: Jobs;
  /** Calls `handleFotaJobs` and moves the clock until it ends, or the power goes. */
  handle(options?: HandleFotaJobsOptions): Promise<true | undefined | "power-cut">;
}

/** A device with all that survives a power cut, a cloud and an image server around it. */
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

  /** Starts the device: the boot loader decides, and the firmware of the running slot begins. */
  boot(options: FotaOptions & { power?: Power; about?: Partial<Device> } = {}): FakeProcess {
    const { power = new Power(), about = {}, ...fotaOptions } = options;
    this.flash.boot();
    const log: Log = (level, message) => void this.logged.push(`${level}: ${message}`);
    const device: Device = {
      slots: this.flash.slots(power),
      state: this.flash.stateStore(power),
      http: this.server.http(power),
      clock: this.clock,
      random: { next: () => 0.5, token: () => `token-${++this.#tokens}` },
      log,
      ...about,
    };
    const fota = new Fota(device, fotaOptions);
    const jobs = new Jobs(this.cloud.mqtt(power), { host: hostOf(device) });
    const handle = (handleOptions: HandleFotaJobsOptions = {}) =>
      this.clock.run(Promise.race([power.gone, fota.handleFotaJobs(jobs, handleOptions)]));
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

/** The job document of `image` with the five legacy keys, as `fota publish` writes it, and `more`. */
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

/** Bytes that differ with `seed`. */
export function imageOf(seed: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 131 + seed * 89 + (i >> 7)) & 255);
}
