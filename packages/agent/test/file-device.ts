import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initBootRecord } from "../src/boot/boot-record.js";
import { simulateBoot } from "../src/boot/simulate-boot.js";
import { fileSlots } from "../src/node/file-slots.js";
import type { SlotsUnderTest } from "../src/testing/index.js";

/** A folder for the slot contract with slot 0 confirmed. `fill` creates its slots. */
export async function fileDevice(
  slotSizeBytes: number,
  fill: (folder: string) => Promise<void>,
): Promise<SlotsUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), "fota-contract-"));
  await fill(dir);
  await initBootRecord(dir, 0);
  let slots = fileSlots({ dir, runningSlot: 0, slotSizeBytes });
  // What a cut process held open is closed by the kernel; here the process goes on.
  const closeAll = async () => await Promise.all([slots.close(0), slots.close(1)]);
  return {
    slots,
    async reboot() {
      await closeAll();
      const { slot: runningSlot } = await simulateBoot(dir);
      slots = fileSlots({ dir, runningSlot, slotSizeBytes });
      return slots;
    },
    async dispose() {
      await closeAll();
      await rm(dir, { recursive: true });
    },
  };
}
