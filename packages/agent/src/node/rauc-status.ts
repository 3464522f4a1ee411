import { FotaError } from "@fota/shared";
import { callRauc } from "./rauc-tool.js";

/** A slot that RAUC's boot loader can boot. */
interface RaucSlot {
  /** Name in system.conf, such as `rootfs.0`. */
  name: string;
  bootname: string;
  isBooted: boolean;
  /** RAUC's boot_status: the boot loader may boot it. */
  isGood: boolean;
  /** What RAUC noted about the last installation, as JSON; `undefined` without a status file. */
  mark: string | undefined;
}

/** The two bootable slots, in the order of their boot names. */
export interface RaucStatus {
  slots: readonly RaucSlot[];
  runningSlot: number;
  /** Slot that the boot loader boots next, if it has one. */
  primarySlot: number | undefined;
}

/** @throws {FotaError} SLOT_ACCESS, BOOT_RECORD_INVALID if RAUC does not have two bootable slots, RUNNING_SLOT_UNKNOWN */
export async function readRaucStatus(): Promise<RaucStatus> {
  return parseRaucStatus(await callRauc(["status", "--detailed", "--output-format=json"]));
}

/** Parses what `rauc status --detailed --output-format=json` prints. */
export function parseRaucStatus(output: string): RaucStatus {
  const fields = parseJson(output);
  const slots = slotsOf(fields["slots"]).sort((a, b) => (a.bootname < b.bootname ? -1 : 1));
  if (slots.length !== 2) {
    throw new FotaError("BOOT_RECORD_INVALID", `RAUC has ${slots.length} slots with a bootname, not 2`, {
      hint: "give the two slots that the boot loader boots a bootname in /etc/rauc/system.conf",
    });
  }
  const runningSlot = slots.findIndex(({ isBooted }) => isBooted);
  if (runningSlot < 0) {
    throw new FotaError("RUNNING_SLOT_UNKNOWN", "RAUC cannot tell which slot was booted", {
      hint: "add rauc.slot=BOOTNAME to the kernel's command line",
    });
  }
  const primary = slots.findIndex(({ name }) => name === fields["boot_primary"]);
  return { slots, runningSlot, primarySlot: primary < 0 ? undefined : primary };
}

/** The slots are a list of objects with one key each: the name of the slot. */
function slotsOf(value: unknown): RaucSlot[] {
  const entries = Array.isArray(value) ? value.flatMap((one) => Object.entries(asObject(one))) : [];
  return entries.flatMap(([name, found]) => {
    const { bootname, state, boot_status, slot_status } = asObject(found);
    if (typeof bootname !== "string") return [];
    const { installed } = asObject(slot_status);
    return {
      name,
      bootname,
      isBooted: state === "booted",
      isGood: boot_status === "good",
      mark: installed === undefined ? undefined : JSON.stringify(installed),
    };
  });
}

function parseJson(output: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(output));
  } catch (cause) {
    throw new FotaError("SLOT_ACCESS", "rauc status did not print JSON", {
      cause,
      hint: "use a RAUC that was built with JSON support",
    });
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
