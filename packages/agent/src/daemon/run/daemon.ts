import { stat } from "node:fs/promises";
import type { Log, LogLevel } from "../../core/ports.js";
import type { Config } from "../config/schema.js";
import { listenForCommands } from "../control/server.js";
import { takeStateFolder } from "../control/state-folder.js";
import { warnOfOpenPlaces } from "../device/open-places.js";
import { ServiceManager } from "../notify/service-manager.js";
import type { ServiceVariables } from "../program/service-variables.js";
import { formatLive } from "../status/line.js";
import { carryOut } from "./commands.js";
import { StatusBoard, toLive } from "./live-status.js";
import { Liveness } from "./liveness.js";
import { describeError } from "./retrying.js";
import { type Desk, runSession } from "./session.js";

export interface DaemonOptions {
  /** Reads and checks the configuration: at the start, and for each reload. */
  read: () => Promise<Config>;
  env: Readonly<Record<string, string | undefined>>;
  /** Path of the configuration file, which need not exist. */
  configPath: string;
  /** What systemd told the process. */
  service: ServiceVariables;
  /** Makes the log. `lowest` may change after a reload. */
  makeLog: (lowest: () => LogLevel) => Log;
}

/** How long a command waits for the slots, of the 15 s that it waits for its answer. */
const OPENING_LIMIT_MS = 10_000;

/** Why a session ended. */
type End = "stop" | "reload" | "boot";

/** The work of `fota-agent run`: sessions with the current configuration, one after the other. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #board = new StatusBoard();
  readonly #liveness = new Liveness();
  readonly #log: Log;
  readonly #service: ServiceManager;
  #config: Config | undefined;
  #desk: Desk | undefined;
  #isStopping = false;
  #session = new AbortController();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#log = options.makeLog(() => this.#config?.logLevel ?? "info");
    this.#service = new ServiceManager({ variables: options.service, log: this.#log });
  }

  /**
   * Runs until `stop`.
   * @throws {FotaError} CONFIG_INVALID; STATE_ACCESS if the state folder cannot be made; DEVICE_BUSY if another daemon
   * uses it
   */
  async run(): Promise<void> {
    this.#config = await this.#options.read();
    const { stateDir } = this.#config;
    await takeStateFolder(stateDir, this.#log);
    await warnOfOpenPlaces(this.#config, this.#options.configPath, this.#log);
    const close = await listenForCommands(
      stateDir,
      async (request, body, onProgress) =>
        carryOut(request, body, onProgress, await this.#openDesk(), this.#board.status),
      this.#log,
    );
    // Not when the broker is reached: a device without network must be able to revert its trial.
    this.#service.ready();
    const show = () => this.#service.showStatus(formatLive(toLive(this.#board.status)));
    show();
    const unsubscribe = this.#board.onChange(show);
    this.#service.startWatchdog(async () => {
      await stat(stateDir).catch(() => {}); // does not answer while all threads that do the I/O hang
      return this.#liveness.findHang();
    });
    try {
      while (!this.#isStopping) await this.#runSession(this.#config);
    } finally {
      unsubscribe();
      this.#service.stopping();
      close();
      await this.#service.flushed();
    }
  }

  async #runSession(config: Config): Promise<void> {
    this.#session = new AbortController();
    await runSession(config, {
      env: this.#options.env,
      log: this.#log,
      board: this.#board,
      liveness: this.#liveness,
      signal: this.#session.signal,
      onBoot: () => this.#end("boot"),
      onOpen: (desk) => {
        this.#desk = desk; // the board changes next
      },
    });
    this.#desk = undefined;
  }

  /** Returns the desk, and waits while a session opens it, as after a boot. `undefined` if that fails or takes too long. */
  async #openDesk(): Promise<Desk | undefined> {
    const isOpening = () => this.#desk === undefined && this.#board.status.problem === undefined;
    if (isOpening()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => done(), OPENING_LIMIT_MS).unref();
        const unsubscribe = this.#board.onChange(() => isOpening() || done());
        const done = () => {
          clearTimeout(timer);
          unsubscribe();
          resolve();
        };
      });
    }
    return this.#desk;
  }

  /** Ends the session and then `run`. Safe to call twice. */
  stop(): void {
    this.#isStopping = true;
    this.#service.stopping();
    this.#end("stop");
  }

  /** Reads the configuration again and uses it from now on. Keeps the old one if it is not valid. Never rejects. */
  async reload(): Promise<void> {
    const before = this.#config;
    if (before === undefined) return;
    this.#service.reloading();
    await this.#reload(before);
    this.#service.ready();
  }

  async #reload(before: Config): Promise<void> {
    let config: Config;
    try {
      config = await this.#options.read();
    } catch (error) {
      this.#log("error", `reload: ${describeError(error)}; the configuration stays as it was`);
      return;
    }
    if (config.stateDir !== before.stateDir) {
      this.#log(
        "error",
        "reload: stateDir cannot change while fota-agent runs; the configuration stays as it was",
      );
      return;
    }
    this.#config = config;
    this.#log("info", "reload: using the new configuration");
    this.#end("reload");
    await warnOfOpenPlaces(config, this.#options.configPath, this.#log);
  }

  #end(why: End): void {
    if (why === "boot") this.#log("info", "the device has booted again");
    this.#session.abort(why);
  }
}
