import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FotaError } from "@fota/shared";
import * as v from "valibot";
import { requestReset } from "../../boot/reset-request.js";
import { findRunningFirmware, type RunningFirmware } from "../../boot/running-firmware.js";
import { listSlots, slotPath } from "../../boot/slot-files.js";
import { type FileSlotsOptions, fileSlots, fileSlotsView } from "../../node/file-slots.js";
import { may, OBJECT, path, whole, withDefault } from "../fields/field.js";
import {
  kind,
  type OpenedSlots,
  restartBy,
  restartEntry,
  type SlotsAdapter,
  type SlotsContext,
} from "./adapter.js";

/** How long a restart waits for the next boot, and how often it looks. */
const RESTART_WAIT_MS = 10_000;
const RESTART_POLL_MS = 100;
/** How often the firmware that `fota-boot` runs is looked at. */
const WATCH_MS = 1_000;

const schema = v.strictObject(
  {
    type: kind("files"),
    dir: may(path, "folder of `fota-boot`: its --dir (default: stateDir)"),
    slotSizeBytes: withDefault(
      whole(1),
      1024 ** 3,
      "largest image in bytes, 1 GiB by default; block devices lower it",
    ),
    slotCount: withDefault(whole(2, 9), 2, "number of slots"),
    runningSlot: may(whole(0, 8), "slot that runs (default: the one that `fota-boot` runs)"),
    ...restartEntry,
  },
  OBJECT,
);
type FilesConfig = v.InferOutput<typeof schema>;

/**
 * Slots of `fota-boot`. The agent runs inside the image that `fota-boot` runs, or beside it as a service of its own: the
 * image then needs to know nothing of updates.
 */
export const filesAdapter: SlotsAdapter<typeof schema> = {
  schema,
  tools: ({ restartCommand = [] }) => restartCommand.slice(0, 1),
  // Without a slot that is known to run, they are not used before `fota-boot` runs one from the folder.
  folder: (config, stateDir) => (config.runningSlot === undefined ? undefined : dirOf(config, stateDir)),
  async open(config, context) {
    const { options, firmware } = await findSlots(config, context);
    const { dir, runningSlot } = options;
    return {
      slots: fileSlots(options),
      ...(await imageFolderOf(dir, runningSlot)),
      ...(config.runningSlot === undefined && firmware !== undefined && watchFirmware(dir, firmware)),
    };
  },
  async show(config, context) {
    const { options } = await findSlots(config, context);
    return { slots: fileSlotsView(options), ...(await imageFolderOf(options.dir, options.runningSlot)) };
  },
};

/** Finds the slot that runs; and the firmware, if that is not this process. @throws {FotaError} RUNNING_SLOT_UNKNOWN */
async function findSlots(
  config: FilesConfig,
  context: SlotsContext,
): Promise<{ options: FileSlotsOptions; firmware: RunningFirmware | undefined }> {
  const dir = dirOf(config, context.stateDir);
  const { slotSizeBytes, slotCount } = config;
  const { restart } = restartBy(config.restartCommand);
  if (await isInside(dir, context)) {
    const runningSlot = Number(context.env["FOTA_SLOT"]);
    const options = { dir, slotSizeBytes, slotCount, runningSlot, ...(restart && { restart }) };
    return { options, firmware: undefined };
  }
  const firmware = await findRunningFirmware(dir);
  const runningSlot = config.runningSlot ?? firmware?.slot;
  if (runningSlot === undefined) throw await notRunning(dir);
  // A command and the agent may both restart. A second request would truncate the first while fota-boot reads it.
  let restarting: Promise<void> | undefined;
  const options = {
    dir,
    slotSizeBytes,
    slotCount,
    runningSlot,
    ...(firmware?.bootId !== undefined && { bootId: firmware.bootId }),
    restart: () => {
      restarting ??= restartFirmware(dir, firmware, restart, context).finally(() => {
        restarting = undefined;
      });
      return restarting;
    },
  };
  return { options, firmware };
}

/** Slots that are links to block devices need no space in the folder. */
async function imageFolderOf(dir: string, slot: number): Promise<Pick<OpenedSlots, "imageFolder">> {
  const image = slotPath(dir, slot);
  const found = await stat(image).catch(() => undefined);
  if (found?.isBlockDevice()) return {};
  return { imageFolder: { path: dir, imageBytes: found?.size } };
}

/** Returns the folder of `fota-boot`. */
function dirOf(config: FilesConfig, stateDir: string): string {
  return config.dir ?? stateDir;
}

/** Tells whether `fota-boot` runs this process from `dir`. */
async function isInside(dir: string, { env }: SlotsContext): Promise<boolean> {
  const [bootDir, slot = ""] = [env["FOTA_DIR"], env["FOTA_SLOT"]];
  if (bootDir === undefined || !/^\d{1,4}$/.test(slot)) return false;
  const real = async (folder: string) => await realpath(folder).catch(() => resolve(folder));
  return (await real(bootDir)) === (await real(dir));
}

/** Tells whether two looks found the firmware of the same boot. */
function isSame(a: RunningFirmware, b: RunningFirmware): boolean {
  return a.bootId === b.bootId && a.pid === b.pid;
}

function watchFirmware(
  dir: string,
  firmware: RunningFirmware,
): Required<Pick<OpenedSlots, "onBoot" | "isRunning">> {
  return {
    onBoot(listener) {
      let isStopped = false;
      const look = async () => {
        const found = await findRunningFirmware(dir);
        if (isStopped) return;
        if (found !== undefined && !isSame(found, firmware)) listener();
        else timer = setTimeout(look, WATCH_MS);
      };
      let timer = setTimeout(look, WATCH_MS);
      return () => {
        isStopped = true;
        clearTimeout(timer);
      };
    },
    async isRunning() {
      const found = await findRunningFirmware(dir);
      return found !== undefined && isSame(found, firmware);
    },
  };
}

/**
 * Restarts the firmware of this boot, and waits a while for the next one. Does nothing if that runs already: a second
 * restart would end its trial.
 */
async function restartFirmware(
  dir: string,
  firmware: RunningFirmware | undefined,
  restart: (() => Promise<void>) | undefined,
  { log }: SlotsContext,
): Promise<void> {
  const found = await findRunningFirmware(dir);
  if (found !== undefined && firmware !== undefined && !isSame(found, firmware)) return;
  if (restart !== undefined) await restart();
  else if (found === undefined) throw await notRunning(dir);
  else await requestReset(dir, found, (line) => log("warn", line));
  const endMs = performance.now() + RESTART_WAIT_MS;
  while (performance.now() < endMs) {
    const next = await findRunningFirmware(dir);
    if (next !== undefined && (found === undefined || !isSame(next, found))) return;
    await sleep(RESTART_POLL_MS);
  }
}

async function notRunning(dir: string): Promise<FotaError> {
  const hasImage = (await listSlots(dir)).length > 0;
  const install = hasImage ? "" : `install a first image: fota-boot --dir ${dir} --install IMAGE; then `;
  return new FotaError("RUNNING_SLOT_UNKNOWN", `fota-boot runs no image from ${dir}`, {
    hint: `${install}start fota-boot --dir ${dir}, as root or as the user of fota-agent, or set slots.dir to its folder`,
  });
}
