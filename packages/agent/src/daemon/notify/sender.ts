import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "@fota/shared";
import { errnoOf } from "../../boot/storage-error.js";
import type { Log } from "../../core/ports.js";

const TOOL = "systemd-notify";
/** Limit on one message. The tool itself waits for up to 5 s until systemd has read it. */
const LIMIT_MS = 10_000;

/** Fields of one message, such as `READY: "1"`. */
export type Message = Readonly<Record<string, string>>;

/**
 * Sends messages to systemd in order, one at a time, by `systemd-notify`: Node.js has no Unix datagram sockets. Logs a
 * failure once. Without the tool, sends nothing.
 */
export class NotifySender {
  readonly #socket: string;
  readonly #log: Log;
  readonly #tool: string;
  #waiting: Message[] = [];
  #work: Promise<void> | undefined;
  #lastProblem = "";
  #isUseless = false;

  /** `socket` is NOTIFY_SOCKET. `tool` is another program in place of `systemd-notify`. */
  constructor(socket: string, log: Log, tool = TOOL) {
    this.#socket = socket;
    this.#log = log;
    this.#tool = tool;
  }

  /** Sends a message after those before it. Returns at once. One that waits is replaced by a later one with its fields. */
  send(message: Message): void {
    if (this.#isUseless) return;
    const fields = Object.keys(message).join();
    this.#waiting = this.#waiting.filter((other) => Object.keys(other).join() !== fields);
    this.#waiting.push(message);
    this.#work ??= this.#sendAll().finally(() => {
      this.#work = undefined;
    });
  }

  /** Resolves when no message waits. */
  async flushed(): Promise<void> {
    await this.#work;
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const problem = await this.#sendOne(next);
      if (problem !== undefined && problem !== this.#lastProblem) {
        this.#log("warn", `systemd does not learn the status of fota-agent: ${problem}`);
      }
      this.#lastProblem = problem ?? "";
    }
  }

  /** Returns why a message was not sent. */
  async #sendOne(message: Message): Promise<string | undefined> {
    const args = Object.entries(message).map(([name, value]) => `${name}=${value}`);
    const env = { PATH: process.env["PATH"], NOTIFY_SOCKET: this.#socket };
    try {
      await promisify(execFile)(this.#tool, args, { env, timeout: LIMIT_MS, killSignal: "SIGKILL" });
      return undefined;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") {
        this.#isUseless = true;
        this.#waiting = [];
        return `${this.#tool} is not installed; install it, it belongs to systemd`;
      }
      const { stderr, killed } = error as { stderr?: string; killed?: boolean };
      const why = killed === true ? `did not end within ${LIMIT_MS / 1_000} s` : stderr?.trim();
      return `${this.#tool}: ${why || messageOf(error)}`;
    }
  }
}
