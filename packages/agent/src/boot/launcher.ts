import { FotaError } from "@fota/shared";
import { readBootRecord, type SavedBootRecord, writeBootRecord } from "./boot-record.js";
import { type Firmware, type FirmwareEnd, startFirmware } from "./firmware-process.js";
import { lockFolder } from "./folder-lock.js";
import { type NextBoot, nextBoot, wentBack } from "./next-boot.js";
import { endOrphan, noteFirmware } from "./orphan.js";
import { isBootable, slotPath } from "./slot-files.js";

export interface LaunchOptions {
  /** Folder of the slots and the boot record. */
  dir: string;
  /** Time that a trial has, from its start to its confirm. */
  confirmWithinMs: number;
  maxTrialBoots: number;
  /** What runs an image, `{image}` standing for its path; empty: the image itself is executed. */
  command: readonly string[];
  /** Time that firmware has to end after a signal, before it is killed. */
  stopGraceMs: number;
  /** One line for each thing that happens. */
  say: (line: string) => void;
  /** Calls back for each signal that asks the launcher to end; the returned function stops that. */
  onStop: (stop: (signal: NodeJS.Signals) => void) => () => void;
}

/**
 * Boots slot after slot, as the boot record says, until the firmware ends for good or a signal comes; resolves with
 * the exit code of the firmware. The record is on disk before each boot, so that it is right whenever power fails.
 * @throws {FotaError} BOOT_RECORD_INVALID when nothing can be booted; DEVICE_BUSY; SLOT_ACCESS
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { dir, say } = options;
  let record = await recordOf(dir);
  await lockFolder(dir, "fota-boot");
  const orphan = await endOrphan(dir);
  if (orphan !== undefined) say(`ended the firmware of an earlier launcher (pid ${orphan})`);

  let stopSignal: NodeJS.Signals | undefined;
  let firmware: Firmware | undefined;
  const unsubscribe = options.onStop((signal) => {
    stopSignal ??= signal;
    firmware?.stop(signal, options.stopGraceMs);
  });
  try {
    for (;;) {
      const boot = await chooseBoot(record, options);
      if (boot.record !== record) await writeBootRecord(dir, boot.record);
      say(describeBoot(boot));
      firmware = startFirmware(argvOf(slotPath(dir, boot.slot), options.command), environmentOf(dir, boot));
      if (firmware.pid !== undefined) await noteFirmware(dir, firmware.pid);
      if (stopSignal !== undefined) firmware.stop(stopSignal, options.stopGraceMs);
      const late = boot.trial ? watchDeadline(firmware, boot.slot, options) : undefined;
      const end = await firmware.ended;
      const timedOut = late?.cancel() ?? false;

      record = await recordOf(dir); // the firmware may have confirmed, or ordered another trial
      if (stopSignal !== undefined) return end.exitCode; // no verdict: this boot of a trial has been counted
      if (boot.trial && isOnTrial(record, boot.slot)) {
        if (!(await isBootable(slotPath(dir, record.workingSlot)))) return failedForGood(boot, end, say);
        say(describeVerdict(boot.slot, record.workingSlot, timedOut, end, options));
        record = wentBack(record);
        await writeBootRecord(dir, record);
      } else if (end.kind !== "reset" && !timedOut) {
        if (end.exitCode !== 0) say(`slot ${boot.slot} ended (${end.how})`);
        return end.exitCode;
      }
    }
  } finally {
    unsubscribe();
  }
}

async function recordOf(dir: string): Promise<SavedBootRecord> {
  const record = await readBootRecord(dir);
  if (record !== undefined) return record;
  throw new FotaError("BOOT_RECORD_INVALID", `there is no boot record in ${dir}`, {
    hint: `install a first image: fota-boot --dir ${dir} --install IMAGE`,
  });
}

async function chooseBoot(record: SavedBootRecord, options: LaunchOptions): Promise<NextBoot> {
  const { currentSlot, workingSlot } = record;
  const bootable = new Set<number>();
  for (const slot of [currentSlot, workingSlot])
    if (await isBootable(slotPath(options.dir, slot))) bootable.add(slot);
  const boot = nextBoot(record, {
    maxTrialBoots: options.maxTrialBoots,
    isBootable: (slot) => bootable.has(slot),
  });
  if (boot !== undefined) return boot;
  throw new FotaError("BOOT_RECORD_INVALID", `slot ${workingSlot} in ${options.dir} holds no image`, {
    hint: `put a known good image back: fota-boot --dir ${options.dir} --install IMAGE --force`,
  });
}

function isOnTrial(record: SavedBootRecord, slot: number): boolean {
  return record.currentSlot === slot && record.workingSlot !== slot;
}

/** Ends a trial that is not confirmed in time. `cancel` stops the watch and says whether it has ended the firmware. */
function watchDeadline(firmware: Firmware, slot: number, options: LaunchOptions): { cancel: () => boolean } {
  let fired = false;
  const timer = setTimeout(async () => {
    // A record that cannot be read is no confirm.
    const record = await readBootRecord(options.dir).catch(() => undefined);
    if (record !== undefined && !isOnTrial(record, slot)) return;
    fired = true;
    firmware.stop("SIGTERM", options.stopGraceMs);
  }, options.confirmWithinMs);
  return {
    cancel: () => {
      clearTimeout(timer);
      return fired;
    },
  };
}

function argvOf(image: string, command: readonly string[]): [string, ...string[]] {
  const [file, ...args] = command.map((part) => part.replaceAll("{image}", image));
  return file === undefined ? [image] : [file, ...args];
}

function environmentOf(dir: string, boot: NextBoot): NodeJS.ProcessEnv {
  return { ...process.env, FOTA_DIR: dir, FOTA_SLOT: String(boot.slot), FOTA_TRIAL: boot.trial ? "1" : "0" };
}

function describeBoot({ slot, trial, reverted }: NextBoot): string {
  if (reverted === undefined) return `slot ${slot}${trial ? " on trial" : ""}`;
  const why = reverted.why === "empty" ? "is empty" : "was not confirmed";
  return `slot ${reverted.slot} ${why}, back to slot ${slot}`;
}

function describeVerdict(
  slot: number,
  workingSlot: number,
  timedOut: boolean,
  end: FirmwareEnd,
  options: LaunchOptions,
): string {
  const back = `back to slot ${workingSlot}`;
  if (timedOut) return `slot ${slot} was not confirmed within ${options.confirmWithinMs / 1000} s, ${back}`;
  if (end.kind === "reset") return `slot ${slot} reset without a confirm, ${back}`;
  return `slot ${slot} died on trial (${end.how}), ${back}`;
}

/** The only image there is has failed: starting it again is the service manager's decision, at its pace. */
function failedForGood(boot: NextBoot, end: FirmwareEnd, say: (line: string) => void): number {
  say(`slot ${boot.slot} died on trial (${end.how}), and no other slot holds an image`);
  return end.exitCode === 0 ? 1 : end.exitCode;
}
