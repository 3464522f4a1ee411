import { execFile } from "node:child_process";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../boot/storage-error.js";

/** Where libubootenv and U-Boot's own tools look for what the environment is stored on. */
export const ENV_CONFIG = "/etc/fw_env.config";

/** Limit on one call of a tool: it waits as long as another one holds the environment. */
const TOOL_TIMEOUT_MS = 30_000;

/**
 * All variables of U-Boot's environment; where both copies are damaged, those that U-Boot would then have too, if the
 * tool was given them (/etc/u-boot-initial-env).
 * @throws {FotaError} SLOT_ACCESS
 */
export async function readUbootEnv(config: string): Promise<Map<string, string>> {
  const listing = await runTool("fw_printenv", ["-c", config], "");
  const variables = new Map<string, string>();
  for (const line of listing.split("\n")) {
    const end = line.indexOf("=");
    if (end > 0) variables.set(line.slice(0, end), line.slice(end + 1));
  }
  return variables;
}

/**
 * Sets several variables in one write of the environment: with redundant copies a power cut leaves all of them as
 * before or all changed. Durable when it resolves, as `fw_setenv` ends after an fsync.
 * @throws {FotaError} SLOT_ACCESS
 */
export async function writeUbootEnv(
  config: string,
  variables: Readonly<Record<string, number>>,
): Promise<void> {
  const script = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await runTool("fw_setenv", ["-c", config, "-s", "-"], script.join(""));
}

function runTool(tool: string, args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(tool, args, { timeout: TOOL_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(toolError(tool, stderr.trim(), error));
    });
    child.stdin?.on("error", () => {}); // it ended without reading: its exit code tells
    child.stdin?.end(input);
  });
}

function toolError(tool: string, stderr: string, cause: unknown): FotaError {
  if (errnoOf(cause) === "ENOENT") {
    return new FotaError("SLOT_ACCESS", `there is no ${tool} on this device`, {
      cause,
      hint: "install libubootenv-tool (Debian), libubootenv (Yocto, Buildroot) or U-Boot's own tools",
    });
  }
  return new FotaError("SLOT_ACCESS", `${tool} failed: ${stderr || messageOf(cause)}`, {
    cause,
    hint: "the tools need root and a configuration that matches U-Boot's",
  });
}
