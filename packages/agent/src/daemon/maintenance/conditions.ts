import { messageOf } from "@fota/shared";
import type { HookAnswer, Hooks } from "../../core/hooks.js";
import { POWER_SUPPLIES, readBatteryPercent } from "./battery.js";
import type { MaintenanceConfig } from "./config.js";
import { parseHours, waitForHours } from "./hours.js";
import { isMetered } from "./metered.js";

/** How long an update waits before a battery or a connection is looked at again. */
const AGAIN_MS = 600_000;

/** Returns the conditions of an update: each allows its step, or defers it. */
export function conditionsOf(
  config: MaintenanceConfig,
  nowMs: () => number = Date.now,
  powerSupplies = POWER_SUPPLIES,
): Required<Pick<Record<keyof Hooks, () => Promise<HookAnswer>>, "beforeDownload" | "beforeReset">> {
  const device = async () => hoursAnswer(config, nowMs()) ?? (await batteryAnswer(config, powerSupplies));
  return {
    beforeDownload: async () => (await device()) ?? (await meteredAnswer(config)) ?? "allow",
    beforeReset: async () => (await device()) ?? "allow",
  };
}

function hoursAnswer({ hours, timeZone }: MaintenanceConfig, nowMs: number): HookAnswer | undefined {
  if (hours === undefined) return undefined;
  const spans = hours.map(parseHours).filter((span) => span !== undefined);
  const deferMs = waitForHours(spans, timeZone, nowMs);
  return deferMs === 0 ? undefined : { deferMs, why: `outside ${hours.join(", ")} ${timeZone}` };
}

async function batteryAnswer(
  { minBatteryPercent }: MaintenanceConfig,
  powerSupplies: string,
): Promise<HookAnswer | undefined> {
  if (minBatteryPercent === undefined) return undefined;
  const percent = await readBatteryPercent(powerSupplies);
  if (percent === undefined || percent >= minBatteryPercent) return undefined;
  return { deferMs: AGAIN_MS, why: `the battery has ${percent} %, ${minBatteryPercent} % are needed` };
}

async function meteredAnswer(config: MaintenanceConfig): Promise<HookAnswer | undefined> {
  if (!config.deferOnMetered) return undefined;
  try {
    if (!(await isMetered(config.meteredCommand))) return undefined;
    return { deferMs: AGAIN_MS, why: "the connection is metered" };
  } catch (error) {
    return { deferMs: AGAIN_MS, why: `cannot tell whether the connection is metered: ${messageOf(error)}` };
  }
}
