import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { FotaError, messageOf } from "@fota/shared";
import * as v from "valibot";
import { errnoOf } from "../../boot/storage-error.js";
import type { Log, Slots } from "../../core/ports.js";
import type { SlotsView } from "../../node/recorded-slots.js";
import { described, may, texts } from "../fields/field.js";

/** What an adapter may use besides its configuration. */
export interface SlotsContext {
  /** Folder of the saved state. */
  stateDir: string;
  env: Readonly<Record<string, string | undefined>>;
  log: Log;
}

/** Slots that are ready to use, for one boot of the device. */
export interface OpenedSlots {
  slots: Slots;
  /**
   * Calls `listener` when the device has booted again and this process has not ended, as for an image that runs beside
   * the agent. The slots are then those of an earlier boot and must be opened again. Returns a function that stops it.
   */
  onBoot?(listener: () => void): () => void;
  /** Folder that holds the images as files, and the size of the running one, if known. */
  imageFolder?: { path: string; imageBytes: number | undefined };
  /** Tells whether the image of this boot still runs. Absent: it runs as long as this process. */
  isRunning?(): Promise<boolean>;
}

/** Slots that a command shows without a daemon. It makes, locks and changes nothing. */
export interface ShownSlots extends Pick<OpenedSlots, "imageFolder"> {
  slots: SlotsView;
}

/** A kind of slots that the configuration can name by its `type`. */
export interface SlotsAdapter<Schema extends v.GenericSchema> {
  /** A strict object whose `type` is a literal. Paths are absolute when the adapter gets them. */
  schema: Schema;
  /** Returns the programs that the slots run, by path or as names in PATH. */
  tools(config: v.InferOutput<Schema>): readonly string[];
  /** Returns the folder that the slots make when they are first used; `undefined` if they make none. */
  folder?(config: v.InferOutput<Schema>, stateDir: string): string | undefined;
  /**
   * Asks the installer and the boot loader how the slots are, without the folder. For slots that have a folder.
   * @throws {FotaError} errors of the installer and the boot loader
   */
  ask?(config: v.InferOutput<Schema>): Promise<void>;
  /**
   * @throws {FotaError} RUNNING_SLOT_UNKNOWN, CONFIG_INVALID; errors of the slots come later, when they are used
   */
  open(config: v.InferOutput<Schema>, context: SlotsContext): Promise<OpenedSlots>;
  /** Opens the slots only to show them. @throws {FotaError} as `open` */
  show(config: v.InferOutput<Schema>, context: SlotsContext): Promise<ShownSlots>;
}

/** The `type` of an adapter's configuration. */
export function kind<const Name extends string>(name: Name) {
  return described(v.literal(name), "kind of slots");
}

/** Entries that the schema of each adapter may have. */
export const restartEntry = {
  restartCommand: may(
    texts("must be a list of a command and its arguments"),
    "command that restarts the device (default: the way of the boot loader)",
  ),
} as const;

/** Returns the program that restarts the device: that of the configuration, or `reboot`. */
export function restartTool(command: readonly string[] | undefined): string {
  return command?.[0] ?? "reboot";
}

/** Longest time that a restart command may take to return. The restart itself may come later. */
const RESTART_LIMIT_MS = 60_000;

/** Returns a `restart` that runs `command`, for the options of slots; nothing without one. */
export function restartBy(command: readonly string[] | undefined): { restart?: () => Promise<void> } {
  if (command === undefined) return {};
  const [file = "", ...args] = command;
  return {
    async restart() {
      try {
        await promisify(execFile)(file, args, { timeout: RESTART_LIMIT_MS });
      } catch (cause) {
        const why = errnoOf(cause) === "ENOENT" ? `${file} does not exist` : messageOf(cause);
        throw new FotaError("CONFIG_INVALID", `restartCommand failed: ${why}`, {
          cause,
          hint: "check slots.restartCommand, and run it by hand",
        });
      }
    },
  };
}
