import { createHash } from "node:crypto";
import { FotaError } from "@fota/shared";
import type { BootRecord, Slots } from "../core/ports.js";
import { CommandProcess, callCommand, type SlotCommand } from "./command-process.js";

export interface CommandSlotsOptions {
  /** The executable that implements docs/command-slots.md, and its first arguments. */
  command: readonly string[];
  /**
   * Limit on each call. For `write` and `read`, limit on the time without a byte. A call that takes longer is killed with
   * its children.
   * @default 120_000
   */
  timeoutMs?: number;
  /** Added to the environment of the executable. */
  env?: Readonly<Record<string, string>>;
}

/** Version of the contract in docs/command-slots.md. */
const CONTRACT = 1;

/**
 * Returns slots that an executable of the device implements (docs/command-slots.md). Check it with `checkCommandSlots` of
 * `@fota/agent/testing`. Beyond what the executable refuses, the running slot and the slot that a trial reverts to are
 * never written, and a process of an earlier boot confirms nothing.
 * @throws {FotaError} SLOT_ACCESS if `describe` fails; BOOT_RECORD_INVALID if its answer breaks the contract
 */
export async function commandSlots(options: CommandSlotsOptions): Promise<Slots> {
  const { timeoutMs = 120_000 } = options;
  const command: SlotCommand = { ...options, timeoutMs };
  const describe = async () => parseDescription(await callCommand(command, "describe"));
  const { runningSlot, slotCount, slotSizeBytes } = await describe();
  const writers = new Map<number, { process: CommandProcess; endBytes: number }>();

  function checkSlot(slot: number, endBytes = 0): void {
    if (!Number.isInteger(slot) || slot < 0 || slot >= slotCount) {
      throw new FotaError("SLOT_INVALID", `there is no slot ${slot}, the device has ${slotCount} slots`);
    }
    if (endBytes <= slotSizeBytes) return;
    throw new FotaError("SLOT_ACCESS", `${endBytes} bytes do not fit slot ${slot} of ${slotSizeBytes} bytes`);
  }

  async function checkNotRunning(slot: number): Promise<BootRecord> {
    const record = await describe();
    if (slot !== runningSlot && slot !== record.runningSlot) return record;
    throw new FotaError("SLOT_RUNNING", `slot ${slot} is running`, {
      hint: "write the update to a slot that is not running",
    });
  }

  /** Makes sure that the boot loader does not need `slot`. */
  async function releaseSlot(slot: number): Promise<void> {
    const { currentSlot, workingSlot } = await checkNotRunning(slot);
    if (slot === workingSlot) {
      throw new FotaError("SLOT_ACCESS", `slot ${slot} holds the image that the trial reverts to`, {
        hint: "confirm or revert the trial first",
      });
    }
    if (slot === currentSlot) await callCommand(command, "revert");
  }

  async function finish(slot: number): Promise<boolean> {
    const writer = writers.get(slot);
    writers.delete(slot);
    await writer?.process.end();
    return writer !== undefined;
  }

  return {
    record: describe,

    async erase(slot, sizeBytes) {
      checkSlot(slot, sizeBytes);
      await releaseSlot(slot);
      writers.get(slot)?.process.kill();
      writers.delete(slot);
      await callCommand(command, "erase", String(slot), String(sizeBytes));
    },

    async write(slot, offsetBytes, bytes) {
      if (offsetBytes < 0) throw new FotaError("SLOT_ACCESS", `offset ${offsetBytes} is before slot ${slot}`);
      checkSlot(slot, offsetBytes + bytes.length);
      let writer = writers.get(slot);
      if (writer?.endBytes !== offsetBytes) {
        await finish(slot);
        await releaseSlot(slot);
        const process = new CommandProcess(command, ["write", String(slot), String(offsetBytes)]);
        writer = { process, endBytes: offsetBytes };
        writers.set(slot, writer);
      }
      writer.endBytes += bytes.length;
      try {
        await writer.process.write(bytes);
      } catch (error) {
        writers.delete(slot);
        throw error;
      }
    },

    async sync(slot) {
      if (await finish(slot)) return;
      checkSlot(slot);
      await checkNotRunning(slot);
      await callCommand(command, "write", String(slot), "0"); // no bytes: makes those of an earlier process durable
    },

    async digest(slot, sizeBytes) {
      checkSlot(slot);
      await finish(slot);
      const [md5, sha256] = [createHash("md5"), createHash("sha256")];
      let readBytes = 0;
      await new CommandProcess(command, ["read", String(slot), String(sizeBytes)]).read((piece) => {
        readBytes += piece.length;
        if (readBytes > sizeBytes) {
          throw new FotaError(
            "SLOT_ACCESS",
            `read ${slot} ${sizeBytes} returned more than ${sizeBytes} bytes`,
          );
        }
        md5.update(piece);
        sha256.update(piece);
      });
      return { md5: md5.digest("hex"), sha256: sha256.digest("hex") };
    },

    close: async (slot) => void (await finish(slot)),

    async attempt(slot) {
      checkSlot(slot);
      await checkNotRunning(slot);
      await finish(slot);
      await callCommand(command, "attempt", String(slot));
    },

    async accept() {
      const found = await describe();
      const isOwnBoot = found.runningSlot === runningSlot;
      if (isOwnBoot && found.workingSlot === runningSlot) return;
      if (isOwnBoot && found.currentSlot === runningSlot) return void (await callCommand(command, "accept"));
      const fault = isOwnBoot
        ? `slot ${found.currentSlot} boots next`
        : `the device has booted slot ${found.runningSlot} since`;
      throw new FotaError("TRIAL_OVER", `slot ${runningSlot} cannot be confirmed: ${fault}`, {
        hint: "restart the device; the boot loader has ended this trial",
      });
    },

    async revert() {
      const found = await describe();
      if (found.runningSlot !== runningSlot || found.currentSlot === found.workingSlot) return;
      await callCommand(command, "revert");
    },

    async restart() {
      await callCommand(command, "restart");
    },
  };
}

/** @throws {FotaError} BOOT_RECORD_INVALID */
function parseDescription(output: string): BootRecord {
  const fields = parseObject(output);
  if (fields["contract"] !== CONTRACT) {
    throw invalid(`"contract" is ${JSON.stringify(fields["contract"])}, not ${CONTRACT}`);
  }
  const number = (name: keyof BootRecord, lowest: number) => {
    const value = fields[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= lowest) return value;
    throw invalid(`"${name}" is ${JSON.stringify(value)}, not a whole number from ${lowest} up`);
  };
  const record = {
    runningSlot: number("runningSlot", 0),
    currentSlot: number("currentSlot", 0),
    workingSlot: number("workingSlot", 0),
    slotCount: number("slotCount", 2),
    slotSizeBytes: number("slotSizeBytes", 1),
  };
  const highest = Math.max(record.runningSlot, record.currentSlot, record.workingSlot);
  if (highest >= record.slotCount) throw invalid(`slot ${highest} of ${record.slotCount} slots`);
  return record;
}

function parseObject(output: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(output);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below.
  }
  throw invalid(output.trim() === "" ? "no output" : `not a JSON object: ${output.trim().slice(0, 100)}`);
}

function invalid(why: string): FotaError {
  return new FotaError("BOOT_RECORD_INVALID", `describe of the slot command breaks the contract: ${why}`, {
    hint: "print one JSON object as docs/command-slots.md describes",
  });
}
