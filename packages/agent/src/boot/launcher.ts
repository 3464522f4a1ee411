import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import { BOOT_ID, folderMark, newBootId } from "./boot-id.js";
import { readBootRecord } from "./boot-record.js";
import { isOnTrial } from "./boot-record-format.js";
import {
  type ChoiceOptions,
  chooseBoot,
  isFolder,
  noRecord,
  recordAfter,
  recordOf,
  trySave,
  uncounted,
} from "./choose-boot.js";
import { type FirmwareGroup, findGroups, makeFirmwareGroup, removeGroup } from "./control-group.js";
import { describeBoot, describeFailure } from "./describe-boot.js";
import { type Firmware, type FirmwareEnd, startFirmware } from "./firmware-process.js";
import { lockFolder } from "./folder-lock.js";
import { HEARTBEAT_FD, HEARTBEAT_MS, HEARTBEAT_PIPE } from "./heartbeat.js";
import { imageIn } from "./image-digest.js";
import { endLeftOvers } from "./left-over.js";
import { confirmSlot, type NextBoot, revertTrial } from "./next-boot.js";
import { notedFirmware, noteFirmware } from "./orphan.js";
import { QUICK_BOOT_MS, resetDelayMs } from "./reset-delay.js";
import { isBootable, slotPath } from "./slot-files.js";
import { type Hang, watchFirmware } from "./watch.js";

/** The longest that a trial without a fallback runs before it is restarted. */
const LONGEST_TRIAL_MS = 86_400_000;

export interface LaunchOptions extends ChoiceOptions {
  /** Time that a trial has, from its start to its confirm. */
  confirmWithinMs: number;
  /** Longest silence between heartbeats; `undefined`: none are expected. */
  heartbeatMs: number | undefined;
  /** What runs an image, `{image}` standing for its path; empty: the image itself is executed. */
  command: readonly string[];
  /** Time that firmware has to end after a signal, before it is killed. */
  stopGraceMs: number;
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
  if (!(await isFolder(dir))) throw noRecord(dir);
  await lockFolder(dir, "fota-boot", say);
  const mark = await folderMark(dir);
  await endOrphans(mark, options);
  let record = await recordOf(options);
  const group = makeFirmwareGroup(mark);

  let stopSignal: NodeJS.Signals | undefined;
  let firmware: Firmware | undefined;
  const stopped = new AbortController();
  const unsubscribe = options.onStop((signal) => {
    stopSignal ??= signal;
    firmware?.stop(signal, options.stopGraceMs);
    stopped.abort();
  });
  let quickBoots = 0;
  try {
    for (;;) {
      const bootId = newBootId(mark);
      let boot = await chooseBoot(record, options);
      if (boot.trial) boot = { ...boot, record: { ...boot.record, bootId } };
      if (boot.record !== record && !(await trySave(boot.record, options))) boot = await uncounted(boot, dir);
      say(describeBoot(boot));
      const startedMs = performance.now();
      const confirmWithinMs = await confirmLimitMs(boot, options);
      const { end, hang } = await runSlot(boot, { ...options, confirmWithinMs, bootId, group }, (started) => {
        firmware = started;
        if (stopSignal !== undefined) started.stop(stopSignal, options.stopGraceMs);
      });

      record = await recordAfter(boot, options);
      if (stopSignal !== undefined) return end.exitCode; // no verdict: this boot of a trial has been counted
      if (boot.trial && isOnTrial(record, boot.slot)) {
        if (!(await isBootable(slotPath(dir, record.workingSlot)))) return failedForGood(boot, end, say);
        say(
          `${describeFailure(boot.slot, hang, end, { ...options, confirmWithinMs })}, back to slot ${record.workingSlot}`,
        );
        record = revertTrial(record);
        await trySave(record, options);
      } else if (end.kind !== "reset" && hang === undefined) {
        if (end.exitCode !== 0) say(`slot ${boot.slot} ended (${end.how})`);
        return end.exitCode;
      } else if (hang !== undefined) {
        say(describeFailure(boot.slot, hang, end, options));
      }

      quickBoots = performance.now() - startedMs < QUICK_BOOT_MS ? quickBoots + 1 : 0;
      const delayMs = resetDelayMs(quickBoots);
      if (delayMs > 0) {
        say(`${quickBoots} boots in a row were short, the next one comes in ${delayMs / 1000} s`);
        await sleep(delayMs, undefined, { signal: stopped.signal }).catch(() => {}); // a stop ends the wait
        if (stopSignal !== undefined) return 128 + constants.signals[stopSignal];
      }
    }
  } finally {
    unsubscribe();
    if (group !== undefined) await removeGroup(group);
  }
}

/** Ends what an earlier launcher, killed with -9, has left running. */
async function endOrphans(mark: string, { dir, say }: LaunchOptions): Promise<void> {
  const [orphan, groups] = [await notedFirmware(dir), await findGroups(mark)];
  const sessions = orphan === undefined ? [] : [orphan];
  const { daemons, alive } = await endLeftOvers({ dir, sessions, groups });
  if (orphan !== undefined) say(`ended the firmware of an earlier launcher (pid ${orphan})`);
  if (daemons.length > 0) say(`ended what an earlier launcher left running (pid ${daemons.join(", ")})`);
  sayAlive(alive, say);
  for (const group of groups) await removeGroup(group);
}

/** Nothing but a restart of the whole device ends these; one that waits for a dead disk does nothing meanwhile. */
function sayAlive(alive: readonly number[], say: (line: string) => void): void {
  if (alive.length > 0) say(`SIGKILL has not ended pid ${alive.join(", ")} in 10 s: going on without`);
}

/** Runs the firmware of one boot until it ends, or the launcher ends it for a hang. */
async function runSlot(
  boot: NextBoot,
  options: LaunchOptions & { bootId: string; group: FirmwareGroup | undefined },
  onStart: (firmware: Firmware) => void,
): Promise<{ end: FirmwareEnd; hang: Hang | undefined }> {
  const { dir, heartbeatMs, group } = options;
  const argv = argvOf(slotPath(dir, boot.slot), options.command);
  const env = environmentOf(boot, options);
  const firmware = startFirmware({ argv, env, heartbeat: heartbeatMs !== undefined, group });
  if (firmware.pid !== undefined) {
    await noteFirmware(dir, firmware.pid).catch((error: unknown) => options.say(messageOf(error)));
  }
  onStart(firmware);
  const watch = watchFirmware(firmware, {
    ...options,
    trial: boot.trial,
    isOnTrial: () => isStillTried(dir, boot.slot),
    onLate: () => confirmLastResort(boot, options),
  });
  const end = await firmware.ended;
  const hang = watch.cancel();
  const sessions = firmware.pid === undefined ? [] : [firmware.pid];
  const { daemons, alive } = await endLeftOvers({
    dir,
    sessions,
    groups: group === undefined ? [] : [group],
  });
  if (daemons.length > 0)
    options.say(`ended what slot ${boot.slot} left running (pid ${daemons.join(", ")})`);
  sayAlive(alive, options.say);
  return { end, hang };
}

/**
 * Returns the time that this boot has to confirm itself. Where nothing can be gone back to, it doubles with each boot,
 * up to a day: a restart may cure a hang, and firmware that works without a broker must not be restarted all day.
 */
async function confirmLimitMs({ record, trial }: NextBoot, options: LaunchOptions): Promise<number> {
  const { dir, confirmWithinMs, say } = options;
  if (!trial || (await isBootable(slotPath(dir, record.workingSlot)))) return confirmWithinMs;
  const limitMs = Math.min(confirmWithinMs * 2 ** Math.max(0, record.trialBoots - 1), LONGEST_TRIAL_MS);
  if (limitMs <= confirmWithinMs) return confirmWithinMs;
  say(
    `no slot to go back to: boot ${record.trialBoots} of this trial has ${limitMs / 1000} s to confirm itself`,
  );
  return limitMs;
}

/** A record that cannot be read is no confirm. */
async function isStillTried(dir: string, slot: number): Promise<boolean> {
  const record = await readBootRecord(dir).catch(() => undefined);
  return record === undefined || isOnTrial(record, slot);
}

/**
 * Confirms a last resort after the time of a trial. No update asked for this trial, so no agent confirms it, and a device
 * on trial accepts no update. Returns whether the firmware may go on.
 */
async function confirmLastResort(boot: NextBoot, options: LaunchOptions): Promise<boolean> {
  const { dir, say, confirmWithinMs } = options;
  const image = await imageIn(dir, boot.slot);
  const record = await readBootRecord(dir).catch(() => undefined);
  if (record?.lastResort !== true || !isOnTrial(record, boot.slot)) return boot.record.lastResort === true;
  await trySave(confirmSlot(record, boot.slot, image), options);
  say(
    `slot ${boot.slot} has run for ${confirmWithinMs / 1000} s after its record was lost: it counts as confirmed`,
  );
  return true;
}

function argvOf(image: string, command: readonly string[]): [string, ...string[]] {
  const [file, ...args] = command.map((part) => part.replaceAll("{image}", image));
  return file === undefined ? [image] : [file, ...args];
}

function environmentOf(
  boot: NextBoot,
  { dir, heartbeatMs, bootId }: LaunchOptions & { bootId: string },
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    [BOOT_ID]: bootId,
    FOTA_DIR: dir,
    FOTA_SLOT: String(boot.slot),
    FOTA_TRIAL: boot.trial ? "1" : "0",
    ...(heartbeatMs !== undefined && {
      [HEARTBEAT_FD]: String(HEARTBEAT_PIPE),
      [HEARTBEAT_MS]: String(heartbeatMs),
    }),
  };
}

/** The only image there is has failed: starting it again is the service manager's decision, at its pace. */
function failedForGood(boot: NextBoot, end: FirmwareEnd, say: (line: string) => void): number {
  say(`slot ${boot.slot} died on trial (${end.how}), and no other slot holds an image`);
  return end.exitCode === 0 ? 1 : end.exitCode;
}
