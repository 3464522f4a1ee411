import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";

const CONFIG_FILE = "fota.config.json";

/** What `fota.config.json` may hold; a flag and the environment come before it. */
export interface FileSettings {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  local?: boolean;
  bucket?: string;
  prefix?: string;
  expires?: string;
  slot?: number;
  model?: string;
}

const TYPES: Readonly<Record<keyof FileSettings | "$schema", "string" | "boolean" | "number">> = {
  $schema: "string",
  profile: "string",
  region: "string",
  endpointUrl: "string",
  local: "boolean",
  bucket: "string",
  prefix: "string",
  expires: "string",
  slot: "number",
  model: "string",
};

/**
 * Settings of the file at `path`, or of the first `fota.config.json` found from `cwd` upward; none is no error.
 * @throws {FotaError} CONFIG_INVALID, naming the file and each key that is wrong
 */
export async function readConfigFile(cwd: string, path?: string): Promise<FileSettings> {
  const found = path === undefined ? await findUpward(cwd) : await readNamed(resolve(cwd, path));
  return found === undefined ? {} : parseConfig(found.text, found.path);
}

function parseConfig(text: string, path: string): FileSettings {
  const config = parseJson(text, path);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw invalid(path, ["must hold a JSON object"]);
  }
  const faults = Object.entries(config).flatMap(([key, value]) => faultOf(key, value) ?? []);
  if (faults.length > 0) throw invalid(path, faults);
  return config;
}

function faultOf(key: string, value: unknown): string | undefined {
  if (!Object.hasOwn(TYPES, key)) return `unknown key ${JSON.stringify(key)}`;
  const wanted = TYPES[key as keyof typeof TYPES];
  return typeof value === wanted ? undefined : `${key} must be a ${wanted}, got ${JSON.stringify(value)}`;
}

async function findUpward(cwd: string): Promise<{ path: string; text: string } | undefined> {
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const path = join(dir, CONFIG_FILE);
    try {
      return { path, text: await readFile(path, "utf8") };
    } catch (error) {
      if (!isMissing(error)) throw unreadable(path, error);
    }
    if (dir === dirname(dir)) return undefined;
  }
}

async function readNamed(path: string): Promise<{ path: string; text: string }> {
  try {
    return { path, text: await readFile(path, "utf8") };
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
  return new FotaError("CONFIG_INVALID", `cannot read ${path}: ${messageOf(cause)}`, { cause });
}

function invalid(path: string, faults: string[]): FotaError {
  return new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, {
    hint: `it may hold ${Object.keys(TYPES).join(", ")}`,
  });
}
