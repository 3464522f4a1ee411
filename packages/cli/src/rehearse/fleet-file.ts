import { resolve } from "node:path";
import { FotaError, isFotaError, messageOf } from "@fota/shared";
import { readTextFile } from "../files/text-file.js";
import type { FleetFile } from "./fleet-schema.js";

/** The fleet without `--fleet`: always online, and every update succeeds. */
export const ASSUMED_FLEET: FleetFile = {
  groups: [
    { name: "all", weight: 1, linkSpeed: { medianBytesPerSecond: 50_000, slowBytesPerSecond: 5_000 } },
  ],
};

/** Reads the file of `--fleet`. @throws {FotaError} CONFIG_INVALID, naming the file and each wrong key */
export async function readFleetFile(path: string, cwd: string): Promise<FleetFile> {
  const text = await readTextFile(resolve(cwd, path), "CONFIG_INVALID", path).catch((cause: unknown) => {
    if (isFotaError(cause)) throw cause;
    throw new FotaError("CONFIG_INVALID", unreadable(path, cause), {
      hint: "--fleet names a JSON file that describes the devices: docs/publish.md has an example",
      cause,
    });
  });
  const value = parseJson(text, path);
  const { fleetFaults } = await import("./fleet-schema.js");
  const faults = fleetFaults(value);
  if (faults.length === 0) return value as FleetFile;
  throw new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, {
    hint: "docs/publish.md has an example; fota.fleet.schema.json explains each key",
  });
}

function unreadable(path: string, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ENOENT"
    ? `there is no file ${JSON.stringify(path)}`
    : `cannot read ${path}: ${messageOf(cause)}`;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FotaError("CONFIG_INVALID", `${path} is not valid JSON: ${messageOf(cause)}`, { cause });
  }
}
