import * as v from "valibot";
import {
  type BootLoader,
  type LoaderSlotsOptions,
  loaderSlots,
  loaderSlotsView,
} from "../../node/boot-loader.js";
import { grubLoader } from "../../node/grub-slots.js";
import { trybootLoader } from "../../node/tryboot-slots.js";
import { ubootLoader } from "../../node/uboot-slots.js";
import { uefiLoader } from "../../node/uefi-slots.js";
import { may, OBJECT, path, paths, texts, whole } from "../fields/field.js";
import {
  kind,
  type OpenedSlots,
  restartBy,
  restartEntry,
  restartTool,
  type ShownSlots,
  type SlotsAdapter,
} from "./adapter.js";

const runningEntry = {
  runningSlot: may(whole(0, 8), "slot that runs (default: fota.slot= in the kernel's command line)"),
} as const;

const ubootEntries = {
  type: kind("uboot"),
  ...runningEntry,
  envConfig: may(path, "configuration of fw_printenv and fw_setenv (default: /etc/fw_env.config)"),
  ...restartEntry,
} as const;

const grubEntries = {
  type: kind("grub"),
  ...runningEntry,
  envFile: may(path, "environment block of the boot script (default: /boot/fota/fota.env)"),
  ...restartEntry,
} as const;

const uefiEntries = {
  type: kind("uefi"),
  labels: may(
    texts("must be a list of labels, one for each slot"),
    "label of the boot entry of each slot (default: fota-0, fota-1)",
  ),
  ...restartEntry,
} as const;

const PARTITIONS = "must be a list of partition numbers, one for each slot";

const trybootEntries = {
  type: kind("tryboot"),
  autobootFile: v.pipe(path, v.description("autoboot.txt on the first partition")),
  partitions: may(
    v.pipe(v.array(whole(1), PARTITIONS), v.minLength(2, PARTITIONS)),
    "number of the boot partition of each slot (default: 2, 3)",
  ),
} as const;

/** Boot loaders by their `type`, for slots that an installer writes. */
export const loaderSchema = v.variant(
  "type",
  [
    v.strictObject(ubootEntries, OBJECT),
    v.strictObject(grubEntries, OBJECT),
    v.strictObject(uefiEntries, OBJECT),
    v.strictObject(trybootEntries, OBJECT),
  ],
  "must be one of uboot, grub, uefi, tryboot",
);

/** Returns the programs that a boot loader's adapter runs. */
export function loaderTools(config: v.InferOutput<typeof loaderSchema>): readonly string[] {
  switch (config.type) {
    case "uboot":
      return ["fw_printenv", "fw_setenv", restartTool(config.restartCommand)];
    case "grub":
      return [restartTool(config.restartCommand)];
    case "uefi":
      return ["efibootmgr", restartTool(config.restartCommand)];
    case "tryboot":
      return ["reboot"];
  }
}

/** Opens a boot loader. @throws {FotaError} RUNNING_SLOT_UNKNOWN, and errors of the boot loader */
export async function openLoader(config: v.InferOutput<typeof loaderSchema>): Promise<BootLoader> {
  switch (config.type) {
    case "uboot": {
      const { type: _type, restartCommand, ...options } = config;
      return ubootLoader({ ...options, ...restartBy(restartCommand) });
    }
    case "grub": {
      const { type: _type, restartCommand, ...options } = config;
      return grubLoader({ ...options, ...restartBy(restartCommand) });
    }
    case "uefi": {
      const { type: _type, restartCommand, ...options } = config;
      return await uefiLoader({ ...options, ...restartBy(restartCommand) });
    }
    case "tryboot": {
      const { type: _type, ...options } = config;
      return trybootLoader(options);
    }
  }
}

const PATHS = "must be a list of paths, one for each slot";

/** Entries of slots that are partitions or files. */
const storageEntries = {
  paths: v.pipe(
    paths(PATHS),
    v.minLength(2, PATHS),
    v.description("path of each slot: partitions, or files that the boot loader loads"),
  ),
  slotSizeBytes: may(whole(1), "limited by the devices unless it is set"),
} as const;

type Storage = v.InferOutput<typeof storageSchema>;
const storageSchema = v.strictObject(storageEntries, OBJECT);
type Loader = v.InferOutput<typeof loaderSchema>;

async function openLoaderSlots(config: Loader & Storage): Promise<OpenedSlots> {
  return { slots: loaderSlots(...(await partsOf(config))) };
}

async function showLoaderSlots(config: Loader & Storage): Promise<ShownSlots> {
  return { slots: loaderSlotsView(...(await partsOf(config))) };
}

/** Splits the configuration into that of the boot loader and that of the storage. */
async function partsOf({
  paths,
  slotSizeBytes,
  ...loader
}: Loader & Storage): Promise<[loader: BootLoader, options: LoaderSlotsOptions]> {
  return [await openLoader(loader), { paths, ...(slotSizeBytes !== undefined && { slotSizeBytes }) }];
}

const ubootSchema = v.strictObject({ ...ubootEntries, ...storageEntries }, OBJECT);
const grubSchema = v.strictObject({ ...grubEntries, ...storageEntries }, OBJECT);
const uefiSchema = v.strictObject({ ...uefiEntries, ...storageEntries }, OBJECT);
const trybootSchema = v.strictObject({ ...trybootEntries, ...storageEntries }, OBJECT);

/** Slots with the boot record in U-Boot's environment (docs/uboot.md). */
export const ubootAdapter: SlotsAdapter<typeof ubootSchema> = {
  schema: ubootSchema,
  tools: loaderTools,
  open: openLoaderSlots,
  show: showLoaderSlots,
};
/** Slots with the boot record in an environment block of GRUB (docs/grub.md). */
export const grubAdapter: SlotsAdapter<typeof grubSchema> = {
  schema: grubSchema,
  tools: loaderTools,
  open: openLoaderSlots,
  show: showLoaderSlots,
};
/** Slots that the boot manager of a UEFI firmware boots (docs/uefi.md). */
export const uefiAdapter: SlotsAdapter<typeof uefiSchema> = {
  schema: uefiSchema,
  tools: loaderTools,
  open: openLoaderSlots,
  show: showLoaderSlots,
};
/** Slots that the firmware of a Raspberry Pi boots (docs/raspberry-pi.md). */
export const trybootAdapter: SlotsAdapter<typeof trybootSchema> = {
  schema: trybootSchema,
  tools: loaderTools,
  open: openLoaderSlots,
  show: showLoaderSlots,
};
