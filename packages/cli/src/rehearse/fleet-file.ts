import { FotaError } from "@fota/shared";
import { readJsonFile } from "../files/json-file.js";
import type { FleetFile } from "./fleet-schema.js";

/** The fleet without `--fleet`: always online, and every update succeeds. */
export const ASSUMED_FLEET: FleetFile = {
  groups: [
    { name: "all", weight: 1, linkSpeed: { medianBytesPerSecond: 50_000, slowBytesPerSecond: 5_000 } },
  ],
};

/** Reads the file of `--fleet`. @throws {FotaError} CONFIG_INVALID, naming the file and each wrong key */
export async function readFleetFile(path: string, cwd: string): Promise<FleetFile> {
  const hint = "--fleet names a JSON file that describes the devices: docs/publish.md has an example";
  const value = await readJsonFile(path, cwd, hint);
  const { fleetFaults } = await import("./fleet-schema.js");
  const faults = fleetFaults(value);
  if (faults.length === 0) return value as FleetFile;
  throw new FotaError("CONFIG_INVALID", `${path}: ${faults.join("; ")}`, {
    hint: "docs/publish.md has an example; fota.fleet.schema.json explains each key",
  });
}
