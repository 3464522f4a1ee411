import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { FotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { writeNotice } from "../terminal/text.js";
import type { Signer } from "./signer.js";

const OUTPUT_MAX_BYTES = 64 * 1024;
/** Limits the wait for output that a command wrote before it ended. */
const LAST_OUTPUT_MS = 300;
/** 64 bytes in base64. */
const BASE64 = /^[A-Za-z0-9+/]{86}==$/;

/**
 * Returns a signer that runs a command of the shell: it gets the statement on stdin, and prints the 64 bytes of the
 * signature, raw or in base64. What it writes to stderr is shown at once, because it may ask for a touch.
 */
export function commandSigner(
  command: string,
  { id, publicKey }: Pick<Signer, "id" | "publicKey">,
  { host }: { host: Pick<Host, "cwd" | "env" | "stderr" | "signal"> },
): Signer {
  return { id, publicKey, sign: async (statement) => decode(await run(command, statement, host)) };
}

function decode(output: Buffer): Buffer {
  const text = output.toString("latin1").trim();
  return BASE64.test(text) ? Buffer.from(text, "base64") : output;
}

/** Runs the command until it ends. @throws {FotaError} SIGNER_FAILED, INTERRUPTED */
async function run(
  command: string,
  input: string,
  { cwd, env, stderr, signal }: Pick<Host, "cwd" | "env" | "stderr" | "signal">,
): Promise<Buffer> {
  const child = spawn(command, { shell: true, cwd, env, signal, stdio: ["pipe", "pipe", "pipe"] });
  const pieces: Buffer[] = [];
  let size = 0;
  let lastLine = "";
  const tooMuch = new Promise<never>((_resolve, reject) => {
    child.stdout.on("data", (piece: Buffer) => {
      size += piece.length;
      pieces.push(piece);
      if (size > OUTPUT_MAX_BYTES) reject(new Error(`it printed more than ${OUTPUT_MAX_BYTES / 1024} KiB`));
    });
  });
  child.stderr.on("data", (piece: Buffer) => {
    const text = piece.toString();
    writeNotice(stderr, text);
    lastLine = text.trim().split("\n").at(-1) ?? lastLine;
  });
  child.stdin.on("error", () => {}); // a command that reads nothing; its exit code tells
  child.stdin.end(input);
  try {
    const end = await Promise.race([endOf(child), tooMuch]);
    if (end === "exit code 0") return Buffer.concat(pieces);
    throw new Error(lastLine === "" ? end : `${end}: ${lastLine}`);
  } catch (cause) {
    if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted", { cause });
    throw failed(messageOf(cause), cause);
  } finally {
    child.kill();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy(); // ends what writes to them
  }
}

/** Returns how a command ended. What it left running, such as an agent with its pipes, is not waited for. */
async function endOf(child: ChildProcess): Promise<string> {
  const closed = once(child, "close");
  closed.catch(() => {}); // the same error as below
  const [code, killedBy] = await once(child, "exit");
  await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
  return killedBy === null ? `exit code ${code}` : `${killedBy}`;
}

function failed(why: string, cause?: unknown): FotaError {
  return new FotaError("SIGNER_FAILED", `the command of --sign-with failed: ${why}`, {
    hint: "run it by itself: it gets the statement on stdin and prints 64 bytes, or their base64",
    cause,
  });
}
