import { dirname, join, resolve } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import type { FileSettings } from "./config-schema.js";
import { strayCharactersIn } from "./stray-character.js";
import { readTextFile } from "./text-file.js";

export const CONFIG_FILE = "fota.config.json";

/** A settings file that was found. */
export interface ConfigFile {
  path: string;
  settings: FileSettings;
}

/**
 * The file at `path`, or the first `fota.config.json` found from `cwd` upward; `undefined`: there is none, which is no
 * error.
 * @throws {FotaError} CONFIG_INVALID, naming the file and each key that is wrong
 */
export async function readConfigFile(cwd: string, path?: string): Promise<ConfigFile | undefined> {
  const found = path === undefined ? await findUpward(cwd) : await readNamed(resolve(cwd, path));
  if (found === undefined) return undefined;
  return { path: found.path, settings: await parseConfig(found.text, found.path) };
}

async function parseConfig(text: string, path: string): Promise<FileSettings> {
  const config = parseJson(text, path);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw invalid(path, ["must hold a JSON object"]);
  }
  const { CONFIG_KEYS, configFaults } = await import("./config-schema.js"); // valibot: only where there is a file
  const faults = configFaults(config);
  if (faults.length > 0) throw invalid(path, faults, `it may hold ${CONFIG_KEYS.join(", ")}`);
  const strays = strayCharactersIn(config);
  if (strays.length > 0) throw invalid(path, strays, "write the value again without that character");
  return config;
}

async function findUpward(cwd: string): Promise<{ path: string; text: string } | undefined> {
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const path = join(dir, CONFIG_FILE);
    try {
      return { path, text: await readTextFile(path, "CONFIG_INVALID") };
    } catch (error) {
      if (!isMissing(error)) throw unreadable(path, error);
    }
    if (dir === dirname(dir)) return undefined;
  }
}

async function readNamed(path: string): Promise<{ path: string; text: string }> {
  try {
    return { path, text: await readTextFile(path, "CONFIG_INVALID") };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, [`is not JSON: ${messageOf(error)}`]);
  }
}

function unreadable(path: string, cause: unknown): FotaError {
  if (isFotaError(cause)) return cause;
  return new FotaError("CONFIG_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
    hint: "--config and FOTA_CONFIG name a file of settings in JSON",
    cause,
  });
}

function invalid(path: string, faults: string[], hint?: string): FotaError {
  return new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, hint === undefined ? {} : { hint });
}
