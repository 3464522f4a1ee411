import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { FotaError } from "@fota/shared";
import * as v from "valibot";
import { requestReset } from "../../boot/reset-request.js";
import { findRunningFirmware, type RunningFirmware } from "../../boot/running-firmware.js";
import { fileSlots } from "../../node/file-slots.js";
import { may, OBJECT, path, whole, withDefault } from "../fields/field.js";
import {
  kind,
  type OpenedSlots,
  restartBy,
  restartEntry,
  type SlotsAdapter,
  type SlotsContext,
} from "./adapter.js";

/** How often the firmware that `fota-boot` runs is looked at. */
const WATCH_MS = 1_000;

const schema = v.strictObject(
  {
    type: kind("files"),
    dir: may(path, "folder of `fota-boot`: its --dir (default: stateDir)"),
    slotSizeBytes: withDefault(whole(1), 1024 ** 3, "largest image; block devices lower it"),
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
  async open(config, context) {
    const dir = dirOf(config, context);
    const { slotSizeBytes, slotCount } = config;
    const options = { dir, slotSizeBytes, slotCount };
    const restart = restartBy(config.restartCommand);
    if (await isInside(dir, context)) {
      const slot = Number(context.env["FOTA_SLOT"]);
      return { slots: fileSlots({ ...options, runningSlot: slot, ...(restart && { restart }) }) };
    }
    const firmware = await findRunningFirmware(dir);
    const runningSlot = config.runningSlot ?? firmware?.slot;
    if (runningSlot === undefined) throw notRunning(dir);
    const slots = fileSlots({
      ...options,
      runningSlot,
      ...(firmware?.bootId !== undefined && { bootId: firmware.bootId }),
      restart: restart ?? (() => restartFirmware(dir, context)),
    });
    return config.runningSlot === undefined && firmware !== undefined
      ? { slots, ...watchFirmware(dir, firmware) }
      : { slots };
  },
};

/** Returns the folder of `fota-boot`. */
function dirOf(config: FilesConfig, { stateDir }: SlotsContext): string {
  return config.dir ?? stateDir;
}

/** Tells whether `fota-boot` runs this process from `dir`. */
async function isInside(dir: string, { env }: SlotsContext): Promise<boolean> {
  const [bootDir, slot = ""] = [env["FOTA_DIR"], env["FOTA_SLOT"]];
  if (bootDir === undefined || !/^\d{1,4}$/.test(slot)) return false;
  const real = async (folder: string) => await realpath(folder).catch(() => resolve(folder));
  return (await real(bootDir)) === (await real(dir));
}

function watchFirmware(dir: string, { bootId, pid }: RunningFirmware): Required<Omit<OpenedSlots, "slots">> {
  const isSame = (found: RunningFirmware) => found.bootId === bootId && found.pid === pid;
  return {
    onBoot(listener) {
      let isStopped = false;
      const look = async () => {
        const found = await findRunningFirmware(dir);
        if (isStopped) return;
        if (found !== undefined && !isSame(found)) listener();
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
      return found !== undefined && isSame(found);
    },
  };
}

async function restartFirmware(dir: string, { log }: SlotsContext): Promise<void> {
  const firmware = await findRunningFirmware(dir);
  if (firmware === undefined) throw notRunning(dir);
  await requestReset(dir, firmware, (line) => log("warn", line));
}

function notRunning(dir: string): FotaError {
  return new FotaError("RUNNING_SLOT_UNKNOWN", `fota-boot runs no image from ${dir}`, {
    hint: `start fota-boot --dir ${dir}, as root or as the user of fota-agent, or set slots.dir to its folder`,
  });
}
