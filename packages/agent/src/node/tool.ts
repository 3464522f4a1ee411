import { execFile } from "node:child_process";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../boot/storage-error.js";

/** Limit on one call of a tool. A tool may wait while another one has its data locked. */
const TOOL_TIMEOUT_MS = 30_000;
/** Lines of standard error in a message. Some tools log there. */
const ERROR_LINES = 5;
/** Limit on the output of a tool. */
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024;

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
  // A tool that ignores SIGTERM must not hold up the agent.
  const options = { timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: OUTPUT_MAX_BYTES } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(tool, args, options, (error, stdout, stderr) => {
      if (error === null || call.isDone?.(stdout) === true) resolve(stdout);
      else if (error.killed === true) reject(lateError(tool, timeoutMs, call, error));
      else reject(toolError(tool, call.reasonIn?.(stdout) ?? stderr.trim(), call, error));
    });
    child.stdin?.on("error", () => {}); // a tool that ends without reading reports by its exit code
    child.stdin?.end(input);
  });
}

function lateError(
  tool: string,
  timeoutMs: number,
  { failureHint: hint }: ToolCall,
  cause: unknown,
): FotaError {
  return new FotaError("SLOT_ACCESS", `${tool} did not end within ${timeoutMs} ms`, { cause, hint });
}

function toolError(tool: string, words: string, call: ToolCall, cause: unknown): FotaError {
  const { installHint, failureHint } = call;
  if (errnoOf(cause) === "ENOENT") {
    return new FotaError("SLOT_ACCESS", `${tool} is not installed on this device`, {
      cause,
      hint: installHint,
    });
  }
  const reason = words.split("\n").slice(0, ERROR_LINES).join("; ") || messageOf(cause);
  return new FotaError("SLOT_ACCESS", `${tool} failed: ${reason}`, { cause, hint: failureHint });
}
