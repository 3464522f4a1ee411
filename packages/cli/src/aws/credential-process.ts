import { exec } from "node:child_process";
import { FotaError } from "@fota/shared";
import { given } from "../given.js";
import type { Host } from "../host.js";
import { wallClockMs } from "../wall-clock.js";
import type { AwsCredentials } from "./credentials.js";

/** Long enough for a user to type a code into a window. */
const TIME_LIMIT_MS = 120_000;
const STDERR_MAX_LENGTH = 300;
const OUTPUT_MAX_BYTES = 256 * 1024;

/**
 * Runs `credential_process` of a profile through the shell, as the AWS tools do.
 * @throws {FotaError} NO_CREDENTIALS, with the exit code and the start of its stderr; INTERRUPTED
 */
export async function runCredentialProcess(
  profile: string,
  command: string,
  { env, signal }: Pick<Host, "env" | "signal">,
): Promise<AwsCredentials> {
  const stdout = await new Promise<string>((resolve, reject) => {
    const options = { env, signal, timeout: TIME_LIMIT_MS, maxBuffer: OUTPUT_MAX_BYTES } as const;
    const child = exec(command, { ...options, env: { ...env } }, (error, out, stderr) => {
      if (error === null) return resolve(out);
      if (signal.aborted) return reject(new FotaError("INTERRUPTED", "interrupted"));
      reject(failed(profile, howItEnded(error), stderr));
    });
    child.stdin?.end();
  });
  return parse(profile, stdout);
}

function howItEnded(error: Error & { code?: number | string; killed?: boolean; signal?: string }): string {
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "wrote more than 256 KiB";
  if (error.killed === true) return `did not end in ${TIME_LIMIT_MS / 1000} s`;
  return typeof error.code === "number"
    ? `exited with ${error.code}`
    : `ended by ${error.signal ?? "a fault"}`;
}

function failed(profile: string, how: string, stderr: string): FotaError {
  const words = stderr.replace(/\s+/g, " ").trim();
  const cut = words.length > STDERR_MAX_LENGTH ? `${words.slice(0, STDERR_MAX_LENGTH)}...` : words;
  const said = cut === "" ? "it wrote nothing to stderr" : `it wrote: ${cut}`;
  return new FotaError("NO_CREDENTIALS", `credential_process of profile ${profile} ${how}; ${said}`, {
    hint: "run the command of credential_process in ~/.aws/config by hand until it prints credentials",
  });
}

function parse(profile: string, stdout: string): AwsCredentials {
  const fields = fieldsOf(stdout);
  const { Version, AccessKeyId, SecretAccessKey, SessionToken, Expiration } = fields ?? {};
  const fault =
    fields === undefined
      ? "printed no JSON object"
      : Version !== 1
        ? `printed Version ${JSON.stringify(Version) ?? "missing"}, which must be 1`
        : typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string"
          ? "printed no AccessKeyId and SecretAccessKey"
          : undefined;
  const expiration = typeof Expiration === "string" ? new Date(Expiration) : undefined;
  const ended = expiration !== undefined && !(expiration.getTime() > wallClockMs());
  if (fault !== undefined || ended) {
    const what = fault ?? `printed credentials that ended at ${String(Expiration)}`;
    throw new FotaError("NO_CREDENTIALS", `credential_process of profile ${profile} ${what}`, {
      hint: ended
        ? "log in again with the tool that it runs, and check this machine's clock"
        : 'it must print {"Version": 1, "AccessKeyId": ..., "SecretAccessKey": ...}',
    });
  }
  return {
    accessKeyId: String(AccessKeyId),
    secretAccessKey: String(SecretAccessKey),
    ...(typeof SessionToken === "string" && { sessionToken: SessionToken }),
    ...given({ expiration }),
  };
}

function fieldsOf(stdout: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(stdout.trim());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
