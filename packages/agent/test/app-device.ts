import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startProgram } from "./agent-program.js";
import { StandIn, type StandInDevice } from "./stand-in.js";
import { killAll, type WatchedProcess } from "./watched-process.js";

/** For the tests of a file: a stand-in, and for each test a device that runs version 1.0.0 of a plain application. */
export class AppDevice {
  standIn!: StandIn;
  device!: StandInDevice;
  readonly #imageBytes: number;
  readonly #processes: WatchedProcess[] = [];

  private constructor(imageBytes: number) {
    this.#imageBytes = imageBytes;
  }

  /**
   * Registers the hooks of the test file that calls it. The images of 1.0.0 and 2.0.0 have `imageBytes` bytes beside their
   * script.
   */
  static forEachTest(imageBytes: number): AppDevice {
    const app = new AppDevice(imageBytes);
    beforeAll(() => app.#prepare());
    afterAll(() => app.standIn.stop());
    beforeEach(() => app.#boot());
    afterEach(() => app.#dispose());
    return app;
  }

  async #prepare(): Promise<void> {
    this.standIn = await StandIn.start();
    for (const version of ["1.0.0", "2.0.0"]) await this.standIn.makeApp(version, this.#imageBytes);
  }

  async #boot(): Promise<void> {
    this.device = await this.standIn.makeDevice("1.0.0");
    await this.device.boot.launch().says(/app 1\.0\.0/);
  }

  async #dispose(): Promise<void> {
    await killAll(this.#processes);
    this.standIn.local.faults.clear();
    await this.device.boot.dispose();
  }

  /** The folder of its slots and its state. */
  get dir(): string {
    return this.device.boot.dir;
  }

  /** Starts `fota-agent` with the hooks and handlers of this device. It ends with the test. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    prefix: readonly string[] = [],
  ): WatchedProcess {
    const folders = {
      FOTA_AGENT_HOOKS_DIR: join(this.dir, "hooks.d"),
      FOTA_AGENT_JOBS_DIR: join(this.dir, "jobs.d"),
    };
    const program = startProgram(this.device, args, { ...folders, ...env }, prefix);
    this.#processes.push(program);
    return program;
  }

  /** Creates a job for 2.0.0 whose download stops in the middle. The returned function lets it go on. */
  async createStalledJob(): Promise<{ jobId: string; goOn: () => void }> {
    const { faults } = this.standIn.local;
    const jobId = `fw-stalled-${Math.random().toString(16).slice(2)}`;
    const stall = faults.add({ kind: "stallTransfer", key: jobId, atByte: this.#imageBytes / 2 });
    await this.standIn.createJob("2.0.0", this.device.thingName, 1, jobId);
    return { jobId, goOn: () => void faults.remove(stall.id) };
  }

  async resultOf(jobId: string): Promise<{ status?: string | undefined; reason?: string; detail?: string }> {
    const { status, statusDetails } = await this.standIn.executionOf(jobId, this.device.thingName);
    return { status, ...statusDetails?.detailsMap };
  }
}
