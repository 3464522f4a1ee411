import { execFile } from "node:child_process";
import { FotaError, messageOf } from "@fota/shared";
import { errnoOf } from "../boot/storage-error.js";

/** Default configuration of libubootenv and U-Boot's own tools: it names the storage of the environment. */
export const ENV_CONFIG = "/etc/fw_env.config";

/** Limit on one call of a tool. A tool waits while another one has the environment locked. */
const TOOL_TIMEOUT_MS = 30_000;

/**
 * Reads all variables of U-Boot's environment. If both copies are damaged, the tool returns U-Boot's built-in defaults,
 * provided that it knows them (/etc/u-boot-initial-env).
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
 * Sets several variables in one write of the environment. With redundant copies, a power cut leaves either all old or
 * all new values. Durable when it resolves, because `fw_setenv` ends with an fsync.
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
    child.stdin?.on("error", () => {}); // a tool that ends without reading reports by its exit code
    child.stdin?.end(input);
  });
}

function toolError(tool: string, stderr: string, cause: unknown): FotaError {
  if (errnoOf(cause) === "ENOENT") {
    return new FotaError("SLOT_ACCESS", `${tool} is not installed on this device`, {
      cause,
      hint: "install libubootenv-tool (Debian), libubootenv (Yocto, Buildroot) or U-Boot's own tools",
    });
  }
  return new FotaError("SLOT_ACCESS", `${tool} failed: ${stderr || messageOf(cause)}`, {
    cause,
    hint: "run as root, and check that the tool's configuration matches U-Boot's",
  });
}
