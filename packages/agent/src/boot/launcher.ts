import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@fota/shared";
import { BOOT_ID, newBootId, readFolderId } from "./boot-id.js";
import { readBootRecord } from "./boot-record.js";
import { isOnTrial } from "./boot-record-format.js";
import {
  bootWithoutRecord,
  type ChooseBootOptions,
  chooseBoot,
  folderExists,
  loadRecord,
  missingRecordError,
  reloadRecord,
  trySaveRecord,
} from "./choose-boot.js";
import { type FirmwareGroup, findGroups, makeFirmwareGroup, removeGroup } from "./control-group.js";
import { describeBoot, describeFailure } from "./describe-boot.js";
import { type Firmware, type FirmwareEnd, startFirmware } from "./firmware-process.js";
import { lockFolder } from "./folder-lock.js";
import { HEARTBEAT_FD, HEARTBEAT_MS, HEARTBEAT_PIPE } from "./heartbeat.js";
import { digestImage } from "./image-digest.js";
import { killLeftovers } from "./leftovers.js";
import { isolateModules } from "./module-scope.js";
import { confirmSlot, type NextBoot, revertTrial } from "./next-boot.js";
import { findOrphan, writePidFile } from "./orphan.js";
import { QUICK_BOOT_MS, resetDelayMs } from "./reset-delay.js";
import { takeResetRequest } from "./reset-request.js";
import { isBootable, slotPath } from "./slot-files.js";
import { type Hang, watchFirmware } from "./watch.js";

/** Longest time limit of a trial that has no image to revert to. */
const LONGEST_TRIAL_MS = 86_400_000;

export interface LaunchOptions extends ChooseBootOptions {
  /** Time limit from the start of a trial to its confirm. */
  confirmWithinMs: number;
  /** Longest time between two heartbeats; `undefined` if none are expected. */
  heartbeatMs: number | undefined;
  /** Command that runs an image; `{image}` stands for its path. If it is empty, the image is executed. */
  command: readonly string[];
  /** Time between the signal that stops the firmware and SIGKILL. */
  stopGraceMs: number;
  /** Calls `stop` for each signal that stops the launcher, until the returned function is called. */
  onStop: (stop: (signal: NodeJS.Signals) => void) => () => void;
}

/**
 * Boots the slots that the boot record names until confirmed firmware exits or a signal stops it. Returns the exit code
 * of the firmware. Saves the record before each boot, so that it is correct after a power cut.
 * @throws {FotaError} BOOT_RECORD_INVALID if no slot can be booted; DEVICE_BUSY; SLOT_ACCESS
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { dir, log } = options;
  if (!(await folderExists(dir))) throw missingRecordError(dir);
  await lockFolder(dir, "fota-boot", log);
  const folderId = await readFolderId(dir);
  await killOrphans(folderId, options);
  let record = await loadRecord(options);
  await isolateModules(dir);
  const group = makeFirmwareGroup(folderId);

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
      const bootId = newBootId(folderId);
      let boot = await chooseBoot(record, options);
      if (boot.trial) boot = { ...boot, record: { ...boot.record, bootId } };
      if (boot.record !== record && !(await trySaveRecord(boot.record, options)))
        boot = await bootWithoutRecord(boot, dir);
      log(describeBoot(boot));
      const startedMs = performance.now();
      const confirmWithinMs = await confirmLimitMs(boot, options);
      const { end, hang } = await runSlot(boot, { ...options, confirmWithinMs, bootId, group }, (started) => {
        firmware = started;
        if (stopSignal !== undefined) started.stop(stopSignal, options.stopGraceMs);
      });

      record = await reloadRecord(boot, options);
      if (stopSignal !== undefined) return end.exitCode; // a stop decides no trial; its boot was counted before
      if (boot.trial && isOnTrial(record, boot.slot)) {
        if (!(await isBootable(slotPath(dir, record.workingSlot))))
          return stopWithoutFallback(boot, end, log);
        const failure = describeFailure(boot.slot, hang, end, { ...options, confirmWithinMs });
        log(`${failure}; reverting to slot ${record.workingSlot}`);
        record = { ...revertTrial(record), failure };
        await trySaveRecord(record, options);
      } else if (end.kind !== "reset" && hang === undefined) {
        log(`slot ${boot.slot} ended (${end.description})`);
        return end.exitCode;
      } else if (hang !== undefined) {
        log(describeFailure(boot.slot, hang, end, options));
      }

      quickBoots = performance.now() - startedMs < QUICK_BOOT_MS ? quickBoots + 1 : 0;
      const delayMs = resetDelayMs(quickBoots);
      if (delayMs > 0) {
        log(
          `${quickBoots} boots in a row lasted less than ${QUICK_BOOT_MS / 1000} s; next boot in ${delayMs / 1000} s`,
        );
        await sleep(delayMs, undefined, { signal: stopped.signal }).catch(() => {}); // a stop ends the wait
        if (stopSignal !== undefined) return 128 + constants.signals[stopSignal];
      }
    }
  } finally {
    unsubscribe();
    if (group !== undefined) await removeGroup(group);
  }
}

/** Kills what an earlier launcher left running when it was killed with SIGKILL. */
async function killOrphans(folderId: string, { dir, log }: LaunchOptions): Promise<void> {
  const [orphan, groups] = [await findOrphan(dir), await findGroups(folderId)];
  const sessions = orphan === undefined ? [] : [orphan];
  const { daemons, survivors } = await killLeftovers({ dir, sessions, groups });
  if (orphan !== undefined) log(`killed the firmware of an earlier fota-boot (pid ${orphan})`);
  if (daemons.length > 0) log(`killed what an earlier fota-boot left running (pid ${daemons.join(", ")})`);
  logSurvivors(survivors, log);
  for (const group of groups) await removeGroup(group);
}

/** Logs the processes that survived SIGKILL, for example because they wait for a dead disk. Only a reboot ends them. */
function logSurvivors(survivors: readonly number[], log: (line: string) => void): void {
  if (survivors.length > 0) log(`pid ${survivors.join(", ")} still runs 10 s after SIGKILL; continuing`);
}

/** Runs the firmware of one boot until it ends. Stops it when it hangs. */
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
    await writePidFile(dir, firmware.pid).catch((error: unknown) => options.log(messageOf(error)));
  }
  onStart(firmware);
  const watch = watchFirmware(firmware, {
    ...options,
    trial: boot.trial,
    isOnTrial: () => isStillOnTrial(dir, boot.slot),
    onTimeout: () => confirmRebuiltRecord(boot, options),
  });
  const ended = await firmware.ended;
  const hang = watch.cancel();
  const isReset = ended.kind === "reset" || (await takeResetRequest(dir, options.bootId));
  const end: FirmwareEnd = isReset ? { ...ended, kind: "reset" } : ended;
  const sessions = firmware.pid === undefined ? [] : [firmware.pid];
  const groups = group === undefined ? [] : [group];
  const { daemons, survivors } = await killLeftovers({ dir, sessions, groups });
  if (daemons.length > 0)
    options.log(`killed what slot ${boot.slot} left running (pid ${daemons.join(", ")})`);
  logSurvivors(survivors, options.log);
  return { end, hang };
}

/**
 * Returns the time limit for confirming this boot, in milliseconds. With no image to revert to, it doubles with each
 * boot, up to a day: a restart may cure a hang, but firmware that only lacks a broker must not be restarted all day.
 */
async function confirmLimitMs({ record, trial }: NextBoot, options: LaunchOptions): Promise<number> {
  const { dir, confirmWithinMs, log } = options;
  if (!trial || (await isBootable(slotPath(dir, record.workingSlot)))) return confirmWithinMs;
  const limitMs = Math.min(confirmWithinMs * 2 ** Math.max(0, record.trialBoots - 1), LONGEST_TRIAL_MS);
  if (limitMs <= confirmWithinMs) return confirmWithinMs;
  log(
    `no image to revert to: boot ${record.trialBoots} of this trial must be confirmed within ${limitMs / 1000} s`,
  );
  return limitMs;
}

/** Tells whether the trial of `slot` is still unconfirmed. A record that cannot be read counts as unconfirmed. */
async function isStillOnTrial(dir: string, slot: number): Promise<boolean> {
  const record = await readBootRecord(dir).catch(() => undefined);
  return record === undefined || isOnTrial(record, slot);
}

/**
 * Confirms the trial of a rebuilt record when its time limit has passed. No update scheduled it, so no agent confirms
 * it, and a device on trial accepts no update. Returns whether the firmware may keep running.
 */
async function confirmRebuiltRecord(boot: NextBoot, options: LaunchOptions): Promise<boolean> {
  const { dir, log, confirmWithinMs } = options;
  const image = await digestImage(dir, boot.slot);
  const record = await readBootRecord(dir).catch(() => undefined);
  if (record?.lastResort !== true || !isOnTrial(record, boot.slot)) return boot.record.lastResort === true;
  await trySaveRecord(confirmSlot(record, boot.slot, image), options);
  log(`slot ${boot.slot} has run for ${confirmWithinMs / 1000} s after its record was lost; confirming it`);
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

/** Returns the exit code after the only image failed. The service manager decides whether and when to restart it. */
function stopWithoutFallback(boot: NextBoot, end: FirmwareEnd, log: (line: string) => void): number {
  log(`slot ${boot.slot} failed on trial (${end.description}), and no other slot holds an image`);
  return end.exitCode === 0 ? 1 : end.exitCode;
}
