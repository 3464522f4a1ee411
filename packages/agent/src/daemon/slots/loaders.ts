import * as v from "valibot";
import { grubSlots } from "../../node/grub-slots.js";
import { trybootSlots } from "../../node/tryboot-slots.js";
import { ubootSlots } from "../../node/uboot-slots.js";
import { uefiSlots } from "../../node/uefi-slots.js";
import { may, OBJECT, path, paths, texts, whole } from "../fields/field.js";
import { kind, restartBy, restartEntry, type SlotsAdapter } from "./adapter.js";

const PATHS = "must be a list of paths, one for each slot";

/** Entries of slots that are partitions or files. */
const storageEntries = {
  paths: v.pipe(
    paths(PATHS),
    v.minLength(2, PATHS),
    v.description("path of each slot: partitions, or files that the boot loader loads"),
  ),
  slotSizeBytes: may(whole(1), "largest image (default: limited by the devices)"),
} as const;

const runningEntry = {
  runningSlot: may(whole(0, 8), "slot that runs (default: fota.slot= in the kernel's command line)"),
} as const;

const ubootSchema = v.strictObject(
  {
    type: kind("uboot"),
    ...storageEntries,
    ...runningEntry,
    envConfig: may(path, "configuration of fw_printenv and fw_setenv (default: /etc/fw_env.config)"),
    ...restartEntry,
  },
  OBJECT,
);

/** Slots with the boot record in U-Boot's environment (docs/uboot.md). */
export const ubootAdapter: SlotsAdapter<typeof ubootSchema> = {
  schema: ubootSchema,
  open: async ({ type: _type, restartCommand, ...options }) => ({
    slots: ubootSlots({ ...options, ...restartBy(restartCommand) }),
  }),
};

const grubSchema = v.strictObject(
  {
    type: kind("grub"),
    ...storageEntries,
    ...runningEntry,
    envFile: may(path, "environment block of the boot script (default: /boot/fota/fota.env)"),
    ...restartEntry,
  },
  OBJECT,
);

/** Slots with the boot record in an environment block of GRUB (docs/grub.md). */
export const grubAdapter: SlotsAdapter<typeof grubSchema> = {
  schema: grubSchema,
  open: async ({ type: _type, restartCommand, ...options }) => ({
    slots: grubSlots({ ...options, ...restartBy(restartCommand) }),
  }),
};

const uefiSchema = v.strictObject(
  {
    type: kind("uefi"),
    ...storageEntries,
    labels: may(
      texts("must be a list of labels, one for each slot"),
      "label of the boot entry of each slot (default: fota-0, fota-1)",
    ),
    ...restartEntry,
  },
  OBJECT,
);

/** Slots that the boot manager of a UEFI firmware boots (docs/uefi.md). */
export const uefiAdapter: SlotsAdapter<typeof uefiSchema> = {
  schema: uefiSchema,
  open: async ({ type: _type, restartCommand, ...options }) => ({
    slots: await uefiSlots({ ...options, ...restartBy(restartCommand) }),
  }),
};

const PARTITIONS = "must be a list of partition numbers, one for each slot";

const trybootSchema = v.strictObject(
  {
    type: kind("tryboot"),
    ...storageEntries,
    autobootFile: v.pipe(path, v.description("autoboot.txt on the first partition")),
    partitions: may(
      v.pipe(v.array(whole(1), PARTITIONS), v.minLength(2, PARTITIONS)),
      "number of the boot partition of each slot (default: 2, 3)",
    ),
  },
  OBJECT,
);

/** Slots that the firmware of a Raspberry Pi boots (docs/raspberry-pi.md). */
export const trybootAdapter: SlotsAdapter<typeof trybootSchema> = {
  schema: trybootSchema,
  open: async ({ type: _type, ...options }) => ({ slots: trybootSlots(options) }),
};
