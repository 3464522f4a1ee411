import { join } from "node:path";
import { FotaError } from "@fota/shared";
import type { Device, Log, Slots } from "../core/ports.js";
import { fileSlots } from "./file-slots.js";
import { fileState } from "./file-state.js";
import { nodeClock, nodeRandom, stderrLog } from "./host.js";
import { nodeHttp } from "./http.js";
import type { Given, Pem } from "./pem.js";
import { signatureVerifier } from "./trusted-keys.js";

export interface NodeDeviceOptions {
  /** Folder of the slots, the boot record and the saved state: the `--dir` of `fota-boot`. */
  dir: string;
  /** Slots elsewhere, with their own boot loader (`ubootSlots`): `dir` then holds the saved state alone. */
  slots?: Slots;
  /** Default 1 GiB: a bound, nothing is set aside. */
  slotSizeBytes?: number;
  /** Slot that this process runs from. Default: FOTA_SLOT, which `fota-boot` sets. */
  runningSlot?: number;
  /** Hardware model; documents for another model are refused. */
  model?: string;
  /** Version of the running firmware; documents whose `bc_min` is above it are refused. */
  firmwareVersion?: string;
  /**
   * Roots to trust for the download, beside Node's. Files are read again and functions called again for each request.
   */
  ca?: Given<Pem | readonly Pem[]>;
  /**
   * Ed25519 public keys by their ids, as in `bc_sig`: PEM, or the 32 bytes in base64. If given, a job document that
   * none of them signed is refused; an empty object refuses all.
   */
  trustedKeys?: Readonly<Record<string, string>>;
  log?: Log;
}

/**
 * All that `Fota` needs on a Linux gateway under `fota-boot`. One process at a time works on a folder; the second
 * one's first use of it rejects with DEVICE_BUSY.
 * @throws {FotaError} RUNNING_SLOT_UNKNOWN outside `fota-boot` when `runningSlot` is not given; CONFIG_INVALID for a
 * trusted key that is none
 */
export function nodeDevice(options: NodeDeviceOptions): Device {
  const { dir, model, firmwareVersion, trustedKeys, log = stderrLog() } = options;
  return {
    slots: slotsOf(options),
    http: nodeHttp(options.ca === undefined ? {} : { ca: options.ca }),
    state: fileState(join(dir, "fota-state.json"), log),
    clock: nodeClock,
    random: nodeRandom,
    log,
    ...(model !== undefined && { model }),
    ...(firmwareVersion !== undefined && { firmwareVersion }),
    wallClockMs: () => Date.now(),
    ...(trustedKeys !== undefined && { verifySignature: signatureVerifier(trustedKeys) }),
  };
}

function slotsOf({ dir, slots, slotSizeBytes, runningSlot }: NodeDeviceOptions): Slots {
  if (slots === undefined) {
    return fileSlots({
      dir,
      slotSizeBytes: slotSizeBytes ?? 1024 ** 3,
      runningSlot: runningSlot ?? slotOfEnvironment(),
    });
  }
  if (slotSizeBytes === undefined && runningSlot === undefined) return slots;
  throw new FotaError("CONFIG_INVALID", "slotSizeBytes and runningSlot are for the slots in dir", {
    hint: "give them to the slots that you made",
  });
}

function slotOfEnvironment(): number {
  const text = process.env["FOTA_SLOT"] ?? "";
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const found = text === "" ? "FOTA_SLOT is not set" : `FOTA_SLOT is ${JSON.stringify(text)}`;
  throw new FotaError(
    "RUNNING_SLOT_UNKNOWN",
    `it is not known which slot this firmware runs from: ${found}`,
    {
      hint: "start the firmware with fota-boot, or give nodeDevice its runningSlot",
    },
  );
}
