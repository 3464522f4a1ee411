import * as v from "valibot";
import type { OpenedSlots, SlotsContext } from "./adapter.js";
import { filesAdapter } from "./files.js";
import { ubootAdapter } from "./uboot.js";

/** The kinds of slots by the `type` in the configuration. A new kind is a file in `slots/` and an entry here. */
export const SLOT_ADAPTERS = {
  files: filesAdapter,
  uboot: ubootAdapter,
} as const;

export const slotsSchema = v.variant(
  "type",
  [SLOT_ADAPTERS.files.schema, SLOT_ADAPTERS.uboot.schema],
  `must be one of ${Object.keys(SLOT_ADAPTERS).join(", ")}`,
);

type SlotsConfig = v.InferOutput<typeof slotsSchema>;

/** Opens the slots of the configuration for this boot of the device. @throws {FotaError} as the adapter does */
export async function openSlots(config: SlotsConfig, context: SlotsContext): Promise<OpenedSlots> {
  switch (config.type) {
    case "files":
      return await SLOT_ADAPTERS.files.open(config, context);
    case "uboot":
      return await SLOT_ADAPTERS.uboot.open(config, context);
  }
}
