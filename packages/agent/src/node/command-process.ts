import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type ErrorCode, FotaError, messageOf } from "@fota/shared";
import { signalProcess } from "../boot/processes.js";
import { errnoOf } from "../boot/storage-error.js";

/** How to start the executable of a device's slots. */
export interface SlotCommand {
  /** The executable and its first arguments. */
  command: readonly string[];
  /** Limit on each call. For `write` and `read`, limit on the time without a byte. */
  timeoutMs: number;
  /** Added to the environment. */
  env?: Readonly<Record<string, string>>;
}

/** Exit codes with a meaning of their own (docs/command-slots.md). */
const EXIT_CODES: Readonly<Record<number, ErrorCode>> = {
  3: "SLOT_RUNNING",
  4: "TRIAL_OVER",
  5: "FALLBACK_MISSING",
};
const ERROR_TEXT_MAX = 500;
const OUTPUT_MAX_BYTES = 64 * 1024;

/** One call of the executable. */
export class CommandProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #call: string;
  readonly #timeoutMs: number;
  readonly #ended: Promise<void>;
  #errors = "";
  #isLate = false;
  #isClosed = false;
  /** Runs only while somebody waits for the call: a download may pause for longer. */
  #timer: NodeJS.Timeout | undefined;

  constructor({ command, timeoutMs, env }: SlotCommand, args: readonly string[]) {
    const [file = "", ...first] = command;
    this.#call = [file, ...args].join(" ");
    this.#timeoutMs = timeoutMs;
    this.#child = spawn(file, [...first, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true, // a process group of its own, so that a call that hangs is killed with its children
      env: { ...process.env, ...env },
    });
    this.#child.stdin.on("error", () => {}); // a call that ends early reports by its exit code
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-ERROR_TEXT_MAX);
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", (error) => reject(this.#startFault(error)));
      this.#child.once("close", (code, signal) => {
        this.#isClosed = true;
        if (code === 0) resolve();
        else reject(this.#fault(code, signal));
      });
    });
    this.#ended.catch(() => {}); // thrown by `end`
  }

  /** Writes to the standard input. The array may be reused when it resolves. Rejects if the call has failed. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#extend();
    const written = new Promise<boolean>((resolve) =>
      this.#child.stdin.write(bytes, (error) => resolve(error === null || error === undefined)),
    );
    const isWritten = await written;
    clearTimeout(this.#timer);
    if (isWritten) return;
    await this.end();
    throw new FotaError("SLOT_ACCESS", `${this.#call} ended before it had read all bytes`);
  }

  /** Passes the pieces of the standard output to `take`. Rejects if the call fails, or if `take` throws. */
  async read(take: (piece: Buffer) => void): Promise<void> {
    this.#child.stdin.end();
    this.#extend();
    try {
      for await (const piece of this.#child.stdout as AsyncIterable<Buffer>) {
        this.#extend();
        take(piece);
      }
    } catch (error) {
      this.kill();
      throw error;
    }
    await this.end();
  }

  /** Closes the standard input and waits for the end. @throws {FotaError} SLOT_ACCESS, or as the exit code says */
  async end(): Promise<void> {
    this.#extend();
    this.#child.stdin.end();
    this.#child.stdout.resume();
    try {
      await this.#ended;
    } finally {
      clearTimeout(this.#timer);
    }
  }

  kill(): void {
    clearTimeout(this.#timer);
    if (this.#child.pid !== undefined && !this.#isClosed) signalProcess(-this.#child.pid, "SIGKILL");
  }

  #extend(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.kill();
    }, this.#timeoutMs);
  }

  #startFault(error: Error): FotaError {
    const why = errnoOf(error) === "ENOENT" ? "does not exist" : `cannot be started: ${messageOf(error)}`;
    return new FotaError("SLOT_ACCESS", `${this.#call.split(" ", 1)[0]} ${why}`, {
      cause: error,
      hint: "check the path of the slot command, and that it is executable",
    });
  }

  #fault(code: number | null, signal: NodeJS.Signals | null): FotaError {
    const why = this.#isLate
      ? `did nothing for ${this.#timeoutMs} ms`
      : `failed (${code === null ? signal : `exit code ${code}`})`;
    const detail = this.#errors.trim().replaceAll("\n", "; ");
    return new FotaError(
      (code !== null && EXIT_CODES[code]) || "SLOT_ACCESS",
      detail === "" ? `${this.#call} ${why}` : `${this.#call} ${why}: ${detail}`,
      {
        hint: "run the slot command by hand, or `fota-agent check-slots`; the unit of systemd must allow what it writes: docs/systemd.md",
      },
    );
  }
}

/** Runs a call without input and returns its output. @throws {FotaError} */
export async function callCommand(command: SlotCommand, ...args: string[]): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  await new CommandProcess(command, args).read((piece) => {
    sizeBytes += piece.length;
    if (sizeBytes > OUTPUT_MAX_BYTES) throw new FotaError("SLOT_ACCESS", `${args[0]} prints too much`);
    pieces.push(piece);
  });
  return Buffer.concat(pieces).toString();
}
