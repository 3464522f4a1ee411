import type { SavedBootRecord } from "../../../src/boot/boot-record.js";

/** What the program in the Linux of `FatLinux` does: a line of JSON on its console, answered by another. */
export type GuestRequest =
  | { do: "shell"; script: string }
  /** The store of `grubLoader`. */
  | { do: "grub load"; runningSlot: number }
  | { do: "grub save"; runningSlot: number; record: SavedBootRecord }
  /** A method of `trybootSlots`. Both slots hold images. */
  | { do: "tryboot"; runningSlot: number; method: TrybootMethod };

export type TrybootMethod = "record" | "attempt" | "accept" | "revert" | "restart";

export type GuestAnswer = { result?: unknown } | { error: { code?: string; message: string } };

/** Where the program has the partition of the boot loader. */
export const BOOT_FOLDER = "/boot";
/** Where docs/raspberry-pi.md mounts the partition with autoboot.txt. */
export const AUTOBOOT_FOLDER = "/boot/autoboot";
