import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Device, StateStore } from "@fota/agent";
import { createInventory, type InventoryReporter } from "@fota/agent/inventory";
import { simulatedState } from "@fota/agent/node";
import type { DeviceConnection } from "./connection.js";

/**
 * Returns the inventory of a virtual device. A stand-in that was started again without its state knows no shadow, so the
 * device reports again to each new one.
 */
export function virtualInventory(
  dir: string,
  { standIn }: Pick<DeviceConnection, "standIn">,
): NonNullable<Device["inventory"]> {
  const file = simulatedState(join(dir, "fota-inventory.json"));
  let current: { of: string; reporter: InventoryReporter } | undefined;
  return {
    async report(device, mqtt, identified) {
      const of = standIn() ?? "";
      if (current?.of !== of) current = { of, reporter: createInventory({ store: storeFor(of, file) }) };
      return await current.reporter.report(device, mqtt, identified);
    },
  };
}

/** Returns a store whose text counts only for one stand-in. */
function storeFor(standIn: string, file: StateStore): StateStore {
  const mark = createHash("sha256").update(standIn).digest("hex");
  return {
    async load() {
      const [of, ...lines] = (await file.load())?.split("\n") ?? [];
      return of === mark ? lines.join("\n") : undefined;
    },
    save: async (text) => await file.save(`${mark}\n${text}`),
  };
}
