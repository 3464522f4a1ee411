import { dirname, resolve } from "node:path";
import { FotaError, messageOf, schemaFaults } from "@fota/shared";
import * as v from "valibot";
import { readSmallFile } from "../../boot/small-file.js";
import { errnoOf, storageError } from "../../boot/storage-error.js";
import { isObject, merge, type RawConfig, readEnvironment } from "./environment.js";
import { CONFIG_VARIABLE } from "./fields.js";
import { type Config, configSchema } from "./schema.js";
import { notesOf, objectsOf, type SchemaNode, unwrapped } from "./schema-node.js";

const DEFAULT_CONFIG = "/etc/fota/agent.json";
const MAX_BYTES = 256 * 1024;

const COPY_FOLDER = "copy the folder that `fota thing create <name> --out <folder>` writes to /etc/fota";

/** Where the configuration comes from. */
export interface ConfigSource {
  /** Path of the file: `--config`. */
  path: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** Paths in the environment start here. */
  cwd: string;
}

/** Returns the path of the configuration file. */
export function configPath({ path, env, cwd }: ConfigSource): string {
  return resolve(cwd, path ?? (env[CONFIG_VARIABLE] || DEFAULT_CONFIG));
}

/**
 * Reads the configuration from the file and the environment, which overrides it. Without a file at the default path, the
 * environment must have everything. Returns absolute paths.
 * @throws {FotaError} CONFIG_INVALID with all faults
 */
export async function readConfig(source: ConfigSource): Promise<Config> {
  const path = configPath(source);
  const fromEnv = readEnvironment(source.env);
  const isOptional = source.path === undefined && !source.env[CONFIG_VARIABLE] && "endpoint" in fromEnv;
  const fromFile = await readFile(path, isOptional);
  const raw = merge(
    withAbsolutePaths(SCHEMA, fromFile, dirname(path)) as RawConfig,
    withAbsolutePaths(SCHEMA, fromEnv, source.cwd) as RawConfig,
  );
  // A variable for a key of the default slots does not need one for their type.
  if (!("slots" in fromFile) && isObject(raw["slots"])) raw["slots"] = { type: "files", ...raw["slots"] };
  const faults = schemaFaults(configSchema, raw).map(withoutKeys);
  if (faults.length === 0) return v.parse(configSchema, raw);
  const isNew = ["endpoint", "thingName"].every((key) => !(key in raw));
  throw new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, {
    hint: isNew ? COPY_FOLDER : "fix the file, then run `fota-agent check`",
  });
}

/** Removes a value that may be a private key from the text of a fault. */
function withoutKeys(fault: string): string {
  return fault.includes("-----BEGIN") ? fault.replace(/, got .*$/s, "") : fault;
}

const SCHEMA = configSchema as unknown as SchemaNode;

async function readFile(path: string, isOptional: boolean): Promise<RawConfig> {
  let text: string;
  try {
    text = await readSmallFile(path, MAX_BYTES);
  } catch (cause) {
    if (errnoOf(cause) !== "ENOENT") throw unreadable(path, cause);
    if (isOptional) return {};
    throw new FotaError("CONFIG_INVALID", `there is no configuration at ${path}`, {
      hint: `${COPY_FOLDER}, or set --config`,
      cause,
    });
  }
  const value = parseJson(path, text);
  if (isObject(value)) return value;
  throw new FotaError("CONFIG_INVALID", `${path} does not hold a JSON object`, { hint: COPY_FOLDER });
}

function unreadable(path: string, cause: unknown): FotaError {
  const { message, hint } = storageError("CONFIG_INVALID", "cannot read the configuration", path, cause);
  const isForbidden = ["EACCES", "EPERM"].includes(errnoOf(cause) ?? "");
  const user = "run the command as root or as the user of fota-agent, or let this user read the file";
  return new FotaError("CONFIG_INVALID", message, { hint: isForbidden ? user : hint, cause });
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = text.trim() === "" ? "it is empty" : messageOf(cause);
    throw new FotaError("CONFIG_INVALID", `${path} is not valid JSON: ${why}`, {
      hint: "fix the file, then run `fota-agent check`",
      cause,
    });
  }
}

/** Returns `value` with absolute paths, wherever the schema has a path. Leaves what does not fit the schema. */
function withAbsolutePaths(node: SchemaNode | undefined, value: unknown, folder: string): unknown {
  if (node === undefined) return value;
  const schema = unwrapped(node);
  if (typeof value === "string") return isPath(schema, value) ? resolve(folder, value) : value;
  if (Array.isArray(value)) return value.map((item) => withAbsolutePaths(schema.item, item, folder));
  if (!isObject(value)) return value;
  const objects = objectsOf(schema);
  const object = objects.find(({ entries }) => entries?.["type"]?.literal === value["type"]) ?? objects[0];
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      withAbsolutePaths(object?.entries?.[key] ?? schema.value, each, folder),
    ]),
  );
}

function isPath(schema: SchemaNode, value: string): boolean {
  const { isPath: always, isPublicKey } = notesOf(schema);
  if (value === "" || value.includes("-----BEGIN")) return false; // PEM text instead of a path
  return always === true || (isPublicKey === true && !isKeyItself(value));
}

/** Tells whether a public key is given itself, not the path of its file. */
export function isKeyItself(value: string): boolean {
  return value.includes("-----BEGIN") || /^[A-Za-z0-9+/]{43}=$/.test(value);
}
