import { test } from "vitest";
import type { Slots } from "../src/core/ports.js";
import { slotContract } from "../src/testing/index.js";

/** A device for one case of the slot contract, with slots 0 and 1. */
interface ContractDevice {
  slots: Slots;
  /** Cuts the power, boots, and returns the port of what runs then. */
  reboot(): Promise<Slots>;
  dispose(): Promise<void>;
}

/** Registers the slot contract as tests. Closes the slots of the last boot before `reboot` and `dispose`. */
export function contractOver(name: string, make: () => Promise<ContractDevice>): void {
  const cases = slotContract(name, async () => {
    const device = await make();
    let { slots } = device;
    const close = async () => await Promise.all([slots.close(0), slots.close(1)]);
    return {
      slots,
      async reboot() {
        await close();
        slots = await device.reboot();
        return slots;
      },
      async dispose() {
        await close();
        await device.dispose();
      },
    };
  });
  for (const { name, run } of cases) test(name, run);
}

/** Writes an image to slot 1, makes it durable, and closes the slot. */
export async function storeImage(slots: Slots, image: Uint8Array): Promise<void> {
  await slots.erase(1, image.length);
  await slots.write(1, 0, image);
  await slots.sync(1);
  await slots.close(1);
}

/** Stores a small image in slot 1 and schedules its trial. */
export async function scheduleTrial(slots: Slots): Promise<void> {
  await storeImage(slots, new TextEncoder().encode("a new image"));
  await slots.attempt(1);
}
