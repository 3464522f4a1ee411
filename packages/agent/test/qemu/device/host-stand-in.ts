import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { keptPort } from "../../../../shared/test/kept-port.js";
import { type WatchedProcess, watchProcess } from "../../watched-process.js";

const FOTA = join(import.meta.dirname, "../../../../cli/dist/fota.cjs");
/** The host as the machine sees it (QEMU documentation, "Network emulation"). */
const HOST = "10.0.2.2";
const BUCKET = "firmware";
const THING = "gateway-1";

/** How a job execution ended, as `fota status --json` shows it. */
export interface JobEnd {
  status: string;
  reason: string;
}

/** `fota local` on this machine, for a device in QEMU, and the commands of `fota` that an engineer runs beside it. */
export class HostStandIn {
  readonly #process: WatchedProcess;
  readonly #endpoint: string;
  readonly #folder: string;

  private constructor(process: WatchedProcess, endpoint: string, folder: string) {
    this.#process = process;
    this.#endpoint = endpoint;
    this.#folder = folder;
  }

  /** Starts `fota local` with its state below `folder`. It ends with this process. */
  static async start(folder: string): Promise<HostStandIn> {
    const [http, https, mqtt, mqtts] = await Promise.all(Array.from({ length: 4 }, keptPort));
    const ports = ["--port", http, "--https-port", https, "--mqtt-port", mqtt, "--mqtts-port", mqtts];
    const state = ["--bucket", BUCKET, "--dir", join(folder, "local")];
    const devices = ["--strict", "--public-s3-url", `https://${HOST}:${https}`];
    const args = ["local", ...ports, ...state, ...devices, "--json"].map(String);
    const child = spawn("setpriv", ["--pdeathsig", "KILL", process.execPath, FOTA, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const watched = watchProcess(child);
    await watched.says(/^\{/);
    return new HostStandIn(watched, `http://127.0.0.1:${http}`, folder);
  }

  /** Makes the folder `out` with the files of a thing, as the device uses them. */
  async makeThing(out: string, settings: object): Promise<void> {
    await this.fota("thing", "create", THING, "--out", out);
    const path = join(out, "agent.json");
    const made = JSON.parse(await readFile(path, "utf8")) as { endpoint: string; ca: string };
    const endpoint = made.endpoint.replace(/^.*:/, `${HOST}:`);
    await writeFile(
      path,
      JSON.stringify({ ...made, endpoint, download: { ca: made.ca }, ...settings }, null, 2),
    );
  }

  /** Publishes an image for both slots. Returns the job id. */
  async publish(image: string, version: string): Promise<string> {
    const what = [image, "--slot", "any", "--to", THING, "--bucket", BUCKET, "--fw-version", version];
    const { jobId } = JSON.parse(
      await this.fota("publish", ...what, "--presign", "iot", "--role", "fota", "--json"),
    ) as {
      jobId: string;
    };
    return jobId;
  }

  /** Returns how the device's execution of a job ends, by `fota status --wait`. */
  async waitForEnd(jobId: string): Promise<JobEnd> {
    const options = ["--wait", "--things", "--json", "--timeout", "20m"];
    const { executions } = JSON.parse(await this.fota("status", jobId, ...options)) as {
      executions: [{ status: string; reason?: string }];
    };
    const [{ status, reason = "" }] = executions;
    return { status, reason };
  }

  /** Runs `fota` and returns its output. Exit code 3, some things did not succeed, is no error here. */
  async fota(...args: string[]): Promise<string> {
    const target = ["--local", "--endpoint-url", this.#endpoint];
    const options = { cwd: this.#folder };
    const done = promisify(execFile)(process.execPath, [FOTA, ...args, ...target], options);
    return (
      await done.catch((error: { code?: number; stdout: string }) => {
        if (error.code !== 3) throw error;
        return error;
      })
    ).stdout;
  }

  async stop(): Promise<void> {
    this.#process.process.kill("SIGTERM");
    await this.#process.ended;
  }
}
