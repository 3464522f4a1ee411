import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FotaError, messageOf } from "@fota/shared";
import type { RolloutTexts } from "./publish/rollout.js";
import type { ScheduleTexts } from "./publish/schedule.js";

const CONFIG_FILE = "fota.config.json";

/** What `fota.config.json` may hold; a flag and the environment come before it. */
export interface FileSettings {
  profile?: string;
  region?: string;
  endpointUrl?: string;
  local?: boolean;
  bucket?: string;
  prefix?: string;
  presign?: string;
  role?: string;
  expires?: string;
  slot?: number;
  model?: string;
  /** Models whose devices run the original library: `--legacy` for them. */
  legacyModels?: string[];
  /** Rollouts by name, for `--rollout`. */
  rollouts?: Record<string, RolloutPreset>;
  /** Things from which on a publish on a terminal asks first. */
  confirmAbove?: number;
  prices?: Prices;
}

type RolloutPreset = RolloutTexts & ScheduleTexts;

/** Unit prices for the plan, in one currency. */
export interface Prices {
  currency?: string;
  perJobAction?: number;
  perGibTransferred?: number;
}

/** Says what is wrong with a value, as in "slot must be a number"; `undefined` when nothing is. */
type Check = (value: unknown) => string | undefined;

const text = (value: unknown) => (typeof value === "string" ? undefined : "must be a string");
const truth = (value: unknown) => (typeof value === "boolean" ? undefined : "must be a boolean");
const count = (value: unknown) => (Number.isSafeInteger(value) ? undefined : "must be a number");
const price = (value: unknown) =>
  typeof value === "number" && value >= 0 ? undefined : "must be a number from 0 up";
const texts = (value: unknown) =>
  Array.isArray(value) && value.every((item) => typeof item === "string")
    ? undefined
    : "must be a list of strings";

const ROLLOUT_CHECKS: Readonly<Record<keyof RolloutPreset, Check>> = {
  rate: text,
  ramp: text,
  abortOn: texts,
  timeout: text,
  retry: text,
  start: text,
  end: text,
  atEnd: text,
  window: texts,
};

const PRICE_CHECKS: Readonly<Record<keyof Prices, Check>> = {
  currency: text,
  perJobAction: price,
  perGibTransferred: price,
};

const CHECKS: Readonly<Record<keyof FileSettings | "$schema", Check>> = {
  $schema: text,
  profile: text,
  region: text,
  endpointUrl: text,
  local: truth,
  bucket: text,
  prefix: text,
  presign: text,
  role: text,
  expires: text,
  slot: count,
  model: text,
  legacyModels: texts,
  rollouts: (value) => faultIn(value, () => (preset) => faultIn(preset, among(ROLLOUT_CHECKS))),
  confirmAbove: count,
  prices: (value) => faultIn(value, among(PRICE_CHECKS)),
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
  const faults = Object.entries(config).flatMap(
    ([key, value]) => faultOf(key, value, among(CHECKS)(key)) ?? [],
  );
  if (faults.length > 0) throw invalid(path, faults);
  return config;
}

function faultOf(key: string, value: unknown, check: Check | undefined): string | undefined {
  if (check === undefined) return `unknown key ${JSON.stringify(key)}`;
  const fault = check(value);
  if (fault === undefined) return undefined;
  return fault.startsWith("must ") ? `${key} ${fault}, got ${JSON.stringify(value)}` : `${key}: ${fault}`;
}

/** The first fault in an object. */
function faultIn(value: unknown, checkOf: (key: string) => Check | undefined): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "must be an object";
  for (const [key, item] of Object.entries(value)) {
    const fault = faultOf(key, item, checkOf(key));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function among(checks: Readonly<Record<string, Check>>): (key: string) => Check | undefined {
  return (key) => (Object.hasOwn(checks, key) ? checks[key] : undefined);
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
    hint: `it may hold ${Object.keys(CHECKS).join(", ")}`,
  });
}
