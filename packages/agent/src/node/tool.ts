import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { FotaError, messageOf } from "@fota/shared";
import { signalProcess } from "../boot/processes.js";
import { errnoOf } from "../boot/storage-error.js";

/** Limit on one call of a tool. A tool may wait while another one has its data locked. */
const TOOL_TIMEOUT_MS = 30_000;
/** Lines of standard error in a message. Some tools log there. */
const ERROR_LINES = 5;
/** Limit on what is kept of the output of a tool. */
const OUTPUT_MAX_CHARS = 4 * 1024 * 1024;

export interface ToolCall {
  /** Text for the standard input. */
  input?: string;
  /** @default 30_000 */
  timeoutMs?: number;
  /** Tells from the standard output that the work is done, for a tool whose exit code may say otherwise. */
  isDone?: (stdout: string) => boolean;
  /** Finds the reason of a failure in the standard output, for a tool that writes it there. */
  reasonIn?: (stdout: string) => string | undefined;
  /** Hint if the tool is missing. */
  installHint: string;
  /** Hint if the tool fails. */
  failureHint: string;
}

/**
 * Runs a tool of the device's boot loader and returns its standard output.
 * @throws {FotaError} SLOT_ACCESS if it is missing, fails, or takes longer than `timeoutMs`; the message has the first
 * lines that it wrote to standard error
 */
export function runTool(tool: string, args: readonly string[], call: ToolCall): Promise<string> {
  const { input = "", timeoutMs = TOOL_TIMEOUT_MS } = call;
  return new Promise((resolve, reject) => {
    // A process group of its own, so that a tool that hangs is killed with its children.
    const child = spawn(tool, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) signalProcess(-child.pid, "SIGKILL");
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(toolError(tool, "", call, error));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const output = stdout();
      if (code === 0 || call.isDone?.(output) === true) return resolve(output);
      if (isLate) return reject(lateError(tool, timeoutMs, call));
      const words = call.reasonIn?.(output) ?? stderr().trim();
      reject(toolError(tool, words || (signal ?? `exit code ${code}`), call));
    });
    child.stdin.on("error", () => {}); // a tool that ends without reading reports by its exit code
    child.stdin.end(input);
  });
}

/** Returns a function that gives what the stream has brought so far, up to a limit. */
function collect(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (piece: string) => {
    if (text.length < OUTPUT_MAX_CHARS) text += piece;
  });
  return () => text;
}

function lateError(tool: string, timeoutMs: number, { failureHint: hint }: ToolCall): FotaError {
  return new FotaError("SLOT_ACCESS", `${tool} did not end within ${timeoutMs} ms`, { hint });
}

function toolError(tool: string, words: string, call: ToolCall, cause?: Error): FotaError {
  const { installHint, failureHint } = call;
  if (errnoOf(cause) === "ENOENT") {
    return new FotaError("SLOT_ACCESS", `${tool} is not installed on this device`, {
      cause,
      hint: installHint,
    });
  }
  const reason = cause === undefined ? words.split("\n").slice(0, ERROR_LINES).join("; ") : messageOf(cause);
  return new FotaError("SLOT_ACCESS", `${tool} failed: ${reason}`, { cause, hint: failureHint });
}
