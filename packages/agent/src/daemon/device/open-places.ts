import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "../../core/ports.js";
import { isKeyItself } from "../config/read.js";
import type { Config } from "../config/schema.js";
import { meteredTools } from "../maintenance/metered.js";
import { slotTools } from "../slots/adapters.js";

/** Bit of a file mode: every user may write. */
const WORLD_WRITABLE = 0o002;
/** Bit of a file mode: in a folder, only the owner of a file may replace it. */
const STICKY = 0o1000;

/** A file or folder that every user can change. */
export interface OpenPlace {
  message: string;
  hint: string;
}

/**
 * Returns the files and folders by which every user could change what the agent installs or runs: the configuration,
 * the root CA and the trusted keys that it names, its programs, and the state. Hooks and handlers have their own check,
 * which refuses them. Never rejects: others tell what cannot be read.
 */
export async function findOpenPlaces(config: Config, configPath: string): Promise<OpenPlace[]> {
  const { stateDir, slots, ca, trust, maintenance } = config;
  const files = [
    configPath,
    ...[ca, ...Object.values({ ...trust?.keys, ...trust?.rootKeys })].filter((file) => !isKeyItself(file)),
    ...[...slotTools(slots), ...meteredTools(maintenance)].filter((tool) => tool.includes("/")),
  ];
  const folders = [stateDir, ...("dir" in slots && slots.dir !== undefined ? [slots.dir] : [])];
  const places = new Set([...files, ...files.map((file) => dirname(file)), ...folders]);
  const open = await Promise.all([...places].map(async (path) => ((await isOpen(path)) ? [path] : [])));
  return open.flat().map((path) => ({
    message: `${path} can be written by every user, who could change what fota-agent installs or runs`,
    hint: `run \`chmod o-w ${path}\``,
  }));
}

/** Logs these places. */
export async function warnOfOpenPlaces(config: Config, configPath: string, log: Log): Promise<void> {
  for (const { message, hint } of await findOpenPlaces(config, configPath))
    log("warn", `${message}; ${hint}`);
}

async function isOpen(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.mode & WORLD_WRITABLE) === 0) return false;
  return found.isFile() || (found.isDirectory() && (found.mode & STICKY) === 0);
}
