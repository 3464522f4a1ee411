import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parseRunningSlot } from "../src/node/boot-loader.js";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { hasUbootTools, UbootDevice } from "./uboot-device.js";
import type { WatchedProcess } from "./watched-process.js";

let standIn: StandIn;
beforeAll(async () => {
  standIn = await StandIn.start();
  for (const version of ["1.0.0", "2.0.0", "3.0.0"]) {
    await writeFile(standIn.imagePath(version), `the system image ${version}`);
  }
});
afterAll(async () => await standIn.stop());

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A device whose system image has `fota-agent` as a service, under U-Boot. */
class SystemDevice {
  readonly #uboot: UbootDevice;
  readonly #thing: StandInDevice;
  readonly #identity: object;
  #daemon: WatchedProcess | undefined;

  private constructor(uboot: UbootDevice, thing: StandInDevice, identity: object) {
    this.#uboot = uboot;
    this.#thing = thing;
    this.#identity = identity;
  }

  static async make(): Promise<SystemDevice> {
    const uboot = await UbootDevice.make();
    closers.push(() => uboot.dispose());
    const thing = await standIn.makeDevice("1.0.0");
    closers.push(() => thing.boot.dispose());
    const device = new SystemDevice(uboot, thing, JSON.parse(await readFile(thing.config, "utf8")));
    closers.push(() => device.#off());
    return device;
  }

  get #restarted(): string {
    return join(this.#uboot.dir, "restarted");
  }

  /**
   * Cuts the power, and turns it on. Returns the slot that boots and the daemon in it, which confirms a new image after
   * `confirmAfterSeconds`.
   */
  async boot(confirmAfterSeconds = 0.3): Promise<{ runningSlot: number; daemon: WatchedProcess }> {
    await this.#off();
    await rm(this.#restarted, { force: true });
    const runningSlot = parseRunningSlot(await this.#uboot.boot());
    const { paths, config: envConfig } = this.#uboot;
    const restartCommand = ["touch", this.#restarted];
    const slots = { type: "uboot", paths, envConfig, runningSlot, slotSizeBytes: 65_536, restartCommand };
    await writeFile(this.#thing.config, JSON.stringify({ ...this.#identity, slots }));
    const daemon = startProgram(this.#thing, ["run"], {
      FOTA_AGENT_TRIAL_CONFIRM_AFTER_SECONDS: String(confirmAfterSeconds),
    });
    this.#daemon = daemon;
    await daemon.says(/connected to/);
    return { runningSlot, daemon };
  }

  async #off(): Promise<void> {
    this.#daemon?.process.kill("SIGKILL");
    await this.#daemon?.ended;
  }

  get isRestarting(): boolean {
    return existsSync(this.#restarted);
  }

  async image(slot: number): Promise<string> {
    return await readFile(this.#uboot.paths[slot] ?? "", "utf8");
  }

  async createJob(version: string, slot: number): Promise<string> {
    return await standIn.createJob(version, this.#thing.thingName, slot);
  }

  async resultOf(jobId: string): Promise<{ status?: string | undefined; reason?: string }> {
    const { status, statusDetails } = await standIn.executionOf(jobId, this.#thing.thingName);
    return { status, ...statusDetails?.detailsMap };
  }
}

test.skipIf(!hasUbootTools)(
  "U-Boot: jobs update the system image; one that does not boot is reverted",
  async () => {
    const device = await SystemDevice.make();
    const first = await device.boot();
    expect(first.runningSlot).toBe(0);
    const good = await device.createJob("2.0.0", 1);
    await first.daemon.says(/: restarting/);
    await expect.poll(() => device.isRestarting).toBe(true);
    expect(await device.image(1)).toBe("the system image 2.0.0");
    const trial = await device.boot();
    expect(trial.runningSlot).toBe(1);
    await trial.daemon.says(/reporting -> idle/);
    expect(await device.resultOf(good)).toMatchObject({ status: "SUCCEEDED", running: "slot 1" });

    const dead = await device.createJob("3.0.0", 0);
    await trial.daemon.says(/: restarting/);
    let { runningSlot, daemon } = await device.boot(60);
    expect(runningSlot).toBe(0);
    for (let boots = 0; runningSlot === 0 && boots < 5; boots += 1) {
      ({ runningSlot, daemon } = await device.boot(60)); // the power fails before the confirm
    }
    expect(runningSlot).toBe(1);
    await daemon.says(/reporting -> idle/);
    expect(await device.resultOf(dead)).toMatchObject({
      status: "FAILED",
      reason: "invalid fota",
      running: "slot 1",
    });
  },
);
