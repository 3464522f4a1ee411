import { access, lstat, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import type { Host } from "../host.js";
import type { FileSettings } from "./config-schema.js";
import { distrustOf, type TrustedUsers, trustedUsers } from "./file-trust.js";
import { strayCharactersIn } from "./stray-character.js";

export const CONFIG_FILE = "fota.config.json";

/** A settings file that was found. */
export interface ConfigFile {
  path: string;
  settings: FileSettings;
}

/** Marks the top folder of a repository: settings are not searched above it. */
const REPOSITORY_MARKS = [".git", ".hg", ".jj", ".svn"];

/**
 * Reads the file at `path`, which is trusted because the user named it, or the first `fota.config.json` from `cwd`
 * upward, as far as the top of the repository or the home folder. A file found by searching that another user may have
 * written is ignored and reported to `onIgnored`. Returns `undefined` if there is no file.
 * @throws {FotaError} CONFIG_INVALID, naming the file and each wrong key
 */
export async function readConfigFile(
  host: Pick<Host, "cwd" | "homeDir" | "env">,
  path: string | undefined,
  onIgnored: (warning: string) => void,
): Promise<ConfigFile | undefined> {
  const found =
    path === undefined ? await findUpward(host, onIgnored) : await readNamed(resolve(host.cwd, path));
  if (found === undefined) return undefined;
  return { path: found.path, settings: await parseConfig(found.text, found.path) };
}

async function parseConfig(text: string, path: string): Promise<FileSettings> {
  const config = parseJson(text, path);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw invalid(path, ["must hold a JSON object"]);
  }
  const { CONFIG_KEYS, configFaults } = await import("./config-schema.js"); // load valibot only if there is a file
  const faults = configFaults(config);
  if (faults.length > 0) throw invalid(path, faults, `it may hold ${CONFIG_KEYS.join(", ")}`);
  const strays = strayCharactersIn(config);
  if (strays.length > 0) throw invalid(path, strays, "write the value again without that character");
  return config;
}

async function findUpward(
  { cwd, homeDir, env }: Pick<Host, "cwd" | "homeDir" | "env">,
  onIgnored: (warning: string) => void,
): Promise<{ path: string; text: string } | undefined> {
  const home = await realpath(homeDir).catch(() => homeDir);
  const users = trustedUsers(env);
  for (let dir = resolve(cwd); ; dir = dirname(dir)) {
    const path = join(dir, CONFIG_FILE);
    if (await exists(path)) {
      const because = await whyIgnored(path, users);
      if (because === undefined) return await readNamed(path);
      onIgnored(`${path} is ignored: ${because}; to use it, name it with --config or FOTA_CONFIG`);
    }
    if (dir === dirname(dir) || dir === home || (await isRepositoryTop(dir))) return undefined;
  }
}

/** Returns why the file is ignored. @throws {FotaError} CONFIG_INVALID when that cannot be checked */
async function whyIgnored(path: string, users: TrustedUsers | undefined): Promise<string | undefined> {
  if (users === undefined) return undefined;
  try {
    return await distrustOf(path, users);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Returns whether a file exists; a broken link counts too. @throws {FotaError} CONFIG_INVALID */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw unreadable(path, error);
  }
}

async function isRepositoryTop(dir: string): Promise<boolean> {
  for (const mark of REPOSITORY_MARKS) {
    const isThere = await access(join(dir, mark)).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
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
    hint: "set --config or FOTA_CONFIG to a settings file in JSON",
    cause,
  });
}

function invalid(path: string, faults: string[], hint?: string): FotaError {
  return new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, hint === undefined ? {} : { hint });
}
