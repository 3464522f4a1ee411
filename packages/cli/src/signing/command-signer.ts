import { spawn } from "node:child_process";
import { FotaError, messageOf } from "@fota/shared";
import type { Host } from "../host.js";
import { writeNotice } from "../terminal/text.js";
import type { Signer } from "./signer.js";

const OUTPUT_MAX_BYTES = 64 * 1024;
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

/** Runs the command to its end. @throws {FotaError} SIGNER_FAILED, INTERRUPTED */
async function run(
  command: string,
  input: string,
  { cwd, env, stderr, signal }: Pick<Host, "cwd" | "env" | "stderr" | "signal">,
): Promise<Buffer> {
  const child = spawn(command, { shell: true, cwd, env, signal, stdio: ["pipe", "pipe", "pipe"] });
  const pieces: Buffer[] = [];
  let size = 0;
  let lastLine = "";
  child.stdout.on("data", (piece: Buffer) => {
    size += piece.length;
    if (size <= OUTPUT_MAX_BYTES) pieces.push(piece);
    else child.kill();
  });
  child.stderr.on("data", (piece: Buffer) => {
    const text = piece.toString();
    writeNotice(stderr, text);
    lastLine = text.trim().split("\n").at(-1) ?? lastLine;
  });
  child.stdin.on("error", () => {}); // a command that reads nothing; its exit code tells
  child.stdin.end(input);
  const end = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve(killedBy === null ? `exit code ${code}` : `${killedBy}`));
  }).catch((cause: unknown) => {
    if (signal.aborted) throw new FotaError("INTERRUPTED", "interrupted", { cause });
    throw failed(messageOf(cause), cause);
  });
  if (end === "exit code 0") return Buffer.concat(pieces);
  throw failed(lastLine === "" ? end : `${end}: ${lastLine}`);
}

function failed(why: string, cause?: unknown): FotaError {
  return new FotaError("SIGNER_FAILED", `the command of --sign-with failed: ${why}`, {
    hint: "run it by itself: it gets the statement on stdin and prints 64 bytes, or their base64",
    cause,
  });
}
