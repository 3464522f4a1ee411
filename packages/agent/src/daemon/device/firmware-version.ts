import type { Config } from "../config/schema.js";
import { firstLine, readText } from "./device.js";

/**
 * Returns the version of the running firmware that the configuration gives: the text itself, or what the file has.
 * `undefined` if the configuration gives none.
 * @throws {FotaError} CONFIG_INVALID if the file cannot be read
 */
export async function configuredVersion(config: Config): Promise<string | undefined> {
  const { firmwareVersion, firmwareVersionFile } = config;
  if (firmwareVersion !== undefined || firmwareVersionFile === undefined) return firmwareVersion;
  return versionIn(await readText("firmwareVersionFile", firmwareVersionFile));
}

/** Returns the version in a file: its VERSION_ID as in os-release(5), else its first line. `undefined` if it has none. */
export function versionIn(text: string): string | undefined {
  const [, inFile] = /^VERSION_ID=["']?(.*?)["']?\s*$/m.exec(text) ?? [];
  const version = inFile ?? firstLine(text);
  return version === "" ? undefined : version;
}
