import { dirname, resolve } from "node:path";
import { type AgentConfig, FotaError, messageOf } from "@fota/shared";
import { readSmallFile } from "../boot/small-file.js";

const KEYS = ["endpoint", "thingName", "cert", "key", "ca"] as const;
const MAX_BYTES = 64 * 1024;

/**
 * Reads the `agent.json` that `fota thing create` writes. Returns absolute paths. Ignores other keys. With the
 * identity in a file, one image runs on every device of a fleet.
 * @throws {FotaError} CONFIG_INVALID if the file cannot be read, is not JSON, or lacks a key
 */
export async function readAgentConfig(path: string): Promise<AgentConfig> {
  const values = await readObject(path);
  const text = (key: string) => {
    const value = values[key];
    if (typeof value === "string" && value !== "") return value;
    throw invalid(path, `its ${JSON.stringify(key)} is ${value === undefined ? "missing" : "not a text"}`);
  };
  const [endpoint, thingName, cert, key, ca] = KEYS.map(text) as [string, string, string, string, string];
  const file = (name: string) => resolve(dirname(path), name);
  return {
    endpoint,
    thingName,
    cert: file(cert),
    key: file(key),
    ca: file(ca),
    ...(values["model"] !== undefined && { model: text("model") }),
  };
}

async function readObject(path: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await readSmallFile(path, MAX_BYTES));
  } catch (cause) {
    throw invalid(path, messageOf(cause), cause);
  }
  if (typeof value === "object" && value !== null) return { ...value };
  throw invalid(path, "it does not hold a JSON object");
}

function invalid(path: string, why: string, cause?: unknown): FotaError {
  return new FotaError("CONFIG_INVALID", `cannot use ${path}: ${why}`, {
    hint: "copy the folder that `fota thing create <name> --out <folder>` writes to the device",
    cause,
  });
}
