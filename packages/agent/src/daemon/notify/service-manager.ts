import { printable } from "@fota/shared";
import type { Log } from "../../core/ports.js";
import type { ServiceVariables } from "../program/service-variables.js";
import { type Message, NotifySender } from "./sender.js";
import { startWatchdog, watchdogLimitMs } from "./watchdog.js";

/** Least time between two status texts. */
const STATUS_INTERVAL_MS = 3_000;
const STATUS_MAX_CHARS = 300;

export interface ServiceManagerOptions {
  variables: ServiceVariables;
  log: Log;
  /** @default "systemd-notify" */
  tool?: string;
}

/** What the daemon tells systemd. Does nothing if systemd did not start the daemon, or does not want to know. */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  readonly #sender: NotifySender | undefined;
  #endWatchdog = () => {};
  #isStopping = false;
  #status = "";
  #sentStatus = "";
  #statusTimer: NodeJS.Timeout | undefined;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    const { variables, log, tool } = options;
    const { NOTIFY_SOCKET: socket } = variables;
    this.#sender = socket === undefined ? undefined : new NotifySender(socket, log, tool);
  }

  /** Tells that the start is done, or that a reload is. */
  ready(): void {
    this.#send({ READY: "1" });
  }

  /** Tells that the configuration is read again. `ready` must follow. */
  reloading(): void {
    const now = process.hrtime.bigint() / 1_000n; // CLOCK_MONOTONIC, as sd_notify(3) wants it
    this.#send({ RELOADING: "1", MONOTONIC_USEC: String(now) });
  }

  /** Shows a text in `systemctl status`: at most one in a few seconds, the last one for certain. */
  showStatus(text: string): void {
    this.#status = printable(text).slice(0, STATUS_MAX_CHARS);
    if (this.#statusTimer === undefined) this.#sendStatus();
  }

  #sendStatus(): void {
    this.#statusTimer = undefined;
    if (this.#status === this.#sentStatus) return;
    this.#sentStatus = this.#status;
    this.#send({ STATUS: this.#status });
    this.#statusTimer = setTimeout(() => this.#sendStatus(), STATUS_INTERVAL_MS);
  }

  /** Sends signs of life while `findHang` finds nothing, if systemd expects them of this process. */
  startWatchdog(findHang: () => Promise<string | undefined>): void {
    const { variables, log } = this.#options;
    const limitMs = watchdogLimitMs(variables, process.pid);
    if (limitMs === undefined || this.#sender === undefined || this.#isStopping) return;
    this.#endWatchdog = startWatchdog({
      limitMs,
      findHang,
      log,
      sendAlive: () => this.#send({ WATCHDOG: "1" }),
    });
  }

  /** Tells that the daemon stops. Nothing is sent after that. Safe to call twice. */
  stopping(): void {
    clearTimeout(this.#statusTimer);
    this.#endWatchdog();
    this.#send({ STOPPING: "1", STATUS: "stopping" });
    this.#isStopping = true;
  }

  #send(message: Message): void {
    if (!this.#isStopping) this.#sender?.send(message);
  }

  /** Resolves when all messages are sent, or have failed. */
  async flushed(): Promise<void> {
    await this.#sender?.flushed();
  }
}
