import { FotaError } from "@fota/shared";
import { trialMismatch } from "../boot/boot-id.js";
import type { SavedBootRecord } from "../boot/boot-record.js";
import type { Slots } from "../core/ports.js";
import {
  type BootLoader,
  type LoaderSlotsOptions,
  loaderSlots,
  lockedStore,
  readRunningSlot,
  reboot,
} from "./boot-loader.js";
import { readGrubEnv, writeGrubEnv } from "./grub-env.js";

export interface GrubLoaderOptions {
  /**
   * Environment block of the boot script in docs/grub.md, on a file system that GRUB can write.
   * @default /boot/fota/fota.env
   */
  envFile?: string;
  /**
   * Slot that this process runs from.
   * @default `fota.slot=` in the kernel's command line
   */
  runningSlot?: number;
  /**
   * Restarts the device.
   * @default runs `reboot`, which ends this process
   */
  restart?: () => Promise<void>;
}

export interface GrubSlotsOptions extends GrubLoaderOptions, LoaderSlotsOptions {}

/** Values of `fota_trial`. GRUB replaces SCHEDULED by STARTED before it boots a trial, and STARTED by NONE. */
const TRIAL = { none: 0, scheduled: 1, started: 2 } as const;

/**
 * Returns slots with the boot record in an environment block of GRUB, for the boot script of docs/grub.md: GRUB boots a
 * trial once, then reverts. Needs no tool of GRUB.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN if neither `runningSlot` nor the kernel's command line names the slot
 */
export function grubSlots(options: GrubSlotsOptions): Slots {
  return loaderSlots(grubLoader(options), options);
}

/**
 * Returns GRUB for slots that an installer writes, such as `swupdateSlots`.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN as `grubSlots`
 */
export function grubLoader(options: GrubLoaderOptions = {}): BootLoader {
  const { envFile = "/boot/fota/fota.env", restart = reboot } = options;
  const runningSlot = options.runningSlot ?? readRunningSlot();
  return {
    store: {
      ...lockedStore(envFile, async () => parseRecord(envFile, await readGrubEnv(envFile), runningSlot)),
      save: (record) => writeGrubEnv(envFile, variablesOf(record)),
    },
    runningSlot,
    trialMismatch: (record) => trialMismatch(record, runningSlot, undefined),
    restart: () => restart(),
  };
}

/** Parses the record as the boot script acts on it. A trial that was booted belongs to the slot on trial only. */
function parseRecord(
  envFile: string,
  variables: ReadonlyMap<string, string>,
  runningSlot: number,
): SavedBootRecord {
  const [working, current, trial] = ["fota_working", "fota_current", "fota_trial"].map((name) => {
    const text = variables.get(name) ?? "";
    if (/^\d$/.test(text)) return Number(text);
    throw new FotaError("BOOT_RECORD_INVALID", `${name} in ${envFile} is ${text || "missing"}, not a digit`, {
      hint: "create the block as docs/grub.md describes",
    });
  }) as [number, number, number];
  const isStarted = trial === TRIAL.started && runningSlot === current;
  if (trial !== TRIAL.scheduled && !isStarted) {
    return { currentSlot: working, workingSlot: working, trialBoots: 0 };
  }
  return { currentSlot: current, workingSlot: working, trialBoots: isStarted ? 1 : 0 };
}

function variablesOf({ currentSlot, workingSlot, trialBoots }: SavedBootRecord): Record<string, number> {
  const trial = trialBoots === 0 ? TRIAL.scheduled : TRIAL.started;
  return {
    fota_working: workingSlot,
    fota_current: currentSlot,
    fota_trial: currentSlot === workingSlot ? TRIAL.none : trial,
  };
}
