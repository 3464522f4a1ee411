import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export const POWER_SUPPLIES = "/sys/class/power_supply";

/** Returns the lowest charge of the device's batteries in percent; `undefined` if it has none. */
export async function readBatteryPercent(dir: string): Promise<number | undefined> {
  const names = await readdir(dir).catch((): string[] => []);
  const charges = await Promise.all(names.map((name) => readCharge(join(dir, name))));
  const known = charges.filter((charge) => charge !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Reads one supply. `scope` is "Device" for the battery of something that is connected, such as a mouse. */
async function readCharge(supply: string): Promise<number | undefined> {
  const read = async (name: string) => (await readFile(join(supply, name), "utf8").catch(() => "")).trim();
  if ((await read("type")) !== "Battery" || (await read("scope")) === "Device") return undefined;
  const text = await read("capacity");
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}
