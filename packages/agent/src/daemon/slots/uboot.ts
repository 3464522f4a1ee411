import * as v from "valibot";
import { ubootSlots } from "../../node/uboot-slots.js";
import { may, OBJECT, path, paths, whole } from "../fields/field.js";
import { kind, restartBy, restartEntry, type SlotsAdapter } from "./adapter.js";

const PATHS = "must be a list of paths, one for each slot";

const schema = v.strictObject(
  {
    type: kind("uboot"),
    paths: v.pipe(
      paths(PATHS),
      v.minLength(2, PATHS),
      v.description("path of each slot: partitions, or files that U-Boot loads"),
    ),
    runningSlot: may(whole(0, 8), "slot that runs (default: fota.slot= in the kernel's command line)"),
    slotSizeBytes: may(whole(1), "largest image (default: limited by the devices)"),
    envConfig: may(path, "configuration of fw_printenv and fw_setenv (default: /etc/fw_env.config)"),
    ...restartEntry,
  },
  OBJECT,
);

/** Slots with the boot record in U-Boot's environment (docs/uboot.md). */
export const ubootAdapter: SlotsAdapter<typeof schema> = {
  schema,
  async open({ type: _type, restartCommand, ...options }) {
    const restart = restartBy(restartCommand);
    return { slots: ubootSlots({ ...options, ...(restart && { restart }) }) };
  },
};
