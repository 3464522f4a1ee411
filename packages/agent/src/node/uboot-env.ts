import { runTool } from "./tool.js";

/** Default configuration of libubootenv and U-Boot's own tools: it names the storage of the environment. */
export const ENV_CONFIG = "/etc/fw_env.config";

const HINTS = {
  installHint: "install libubootenv-tool (Debian), libubootenv (Yocto, Buildroot) or U-Boot's own tools",
  failureHint: "run as root, and check that the tool's configuration matches U-Boot's",
};

/**
 * Reads all variables of U-Boot's environment. If both copies are damaged, the tool returns U-Boot's built-in defaults,
 * provided that it knows them (/etc/u-boot-initial-env).
 * @throws {FotaError} SLOT_ACCESS
 */
export async function readUbootEnv(config: string): Promise<Map<string, string>> {
  const listing = await runTool("fw_printenv", ["-c", config], HINTS);
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
  await runTool("fw_setenv", ["-c", config, "-s", "-"], { input: script.join(""), ...HINTS });
}
