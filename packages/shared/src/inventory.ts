/** Name of the shadow in which a device reports what it runs. */
export const INVENTORY_SHADOW = "fota";

/** What a device reports in the named shadow `fota`. Everything may be unknown. */
export interface Inventory {
  /** Version of the running firmware. */
  version?: string;
  /** Slot that it runs from. */
  slot?: number;
  /** Hardware model. */
  model?: string;
  /** SHA-256 of the running image in lower-case hex. */
  imageSha256?: string;
  /** Version of `@fota/agent`. */
  agent?: string;
  /** When the device booted what it reports, in ISO 8601 and by its own clock. */
  bootedAt?: string;
}

const TEXT_KEYS = ["version", "model", "imageSha256", "agent"] as const;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Decodes the reported state of a shadow from any source. Ignores invalid values. Never throws. */
export function decodeInventory(reported: unknown): Inventory {
  const inventory: Record<string, string | number> = {};
  if (typeof reported !== "object" || reported === null) return inventory;
  const values: Readonly<Record<string, unknown>> = { ...reported };
  for (const key of TEXT_KEYS) {
    const value = values[key];
    if (typeof value === "string" && value !== "") inventory[key] = value;
  }
  const { slot, bootedAt } = values;
  if (typeof bootedAt === "string" && ISO_TIME.test(bootedAt) && !Number.isNaN(Date.parse(bootedAt))) {
    inventory["bootedAt"] = bootedAt;
  }
  if (typeof slot === "number" && Number.isSafeInteger(slot) && slot >= 0) inventory["slot"] = slot;
  return inventory;
}
