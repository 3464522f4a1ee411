import { access } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import schema from "../../fota.config.schema.json" with { type: "json" };
import { readTextFile } from "../files/text-file.js";
import { writeWholeFile } from "../files/whole-file.js";
import type { Host } from "../host.js";
import { distrustOf, trustedUsers } from "../settings/file-trust.js";

const SCHEMA_FILE = "fota.config.schema.json";

export type Config = Record<string, unknown>;

/** Reads the settings at `path` unchanged, with unknown keys; `undefined`: there is no such file. */
export async function readConfig(path: string): Promise<Config | undefined> {
  try {
    const value: unknown = JSON.parse(await readTextFile(path, "CONFIG_INVALID"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Config;
    throw new Error("it must hold a JSON object");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    if (isFotaError(error)) throw error;
    throw new FotaError("CONFIG_INVALID", `cannot continue from ${path}: ${messageOf(error)}`, {
      hint: "repair it, or move it away",
      cause: error,
    });
  }
}

/**
 * Refuses settings that another user may have written: after `fota init`, they would look like the user's own.
 * @throws {FotaError} CONFIG_INVALID
 */
export async function checkOwn(path: string, env: Host["env"]): Promise<void> {
  const users = trustedUsers(env);
  const because = users === undefined ? undefined : await distrustOf(path, users);
  if (because === undefined) return;
  throw new FotaError("CONFIG_INVALID", `${path} is there already, and ${because}`, {
    hint: "move it away, or name it with --config to continue from it",
  });
}

/** Returns the value of `$schema`: the installed package's schema if it is beside the project, else a copy. */
export async function schemaReference(path: string): Promise<{ reference: string; copy: boolean }> {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const installed = join(dir, "node_modules", "fota", SCHEMA_FILE);
    const isThere = await access(installed).then(
      () => true,
      () => false,
    );
    if (isThere) {
      const way = relative(dirname(path), installed).replaceAll("\\", "/");
      return { reference: way.startsWith(".") ? way : `./${way}`, copy: false };
    }
    if (dir === dirname(dir)) return { reference: `./${SCHEMA_FILE}`, copy: true };
  }
}

/** Writes the whole file, or nothing. */
export async function writeConfig(path: string, config: Config, copySchema: boolean): Promise<void> {
  if (copySchema) await replace(join(dirname(path), SCHEMA_FILE), schema);
  await replace(path, config);
}

async function replace(path: string, value: object): Promise<void> {
  try {
    await writeWholeFile(path, `${JSON.stringify(value, null, 2)}\n`, { replace: true });
  } catch (error) {
    throw new FotaError("CONFIG_INVALID", `cannot write ${path}: ${messageOf(error)}`, {
      hint: "check who owns its folder, and the free space on its disk",
      cause: error,
    });
  }
}
