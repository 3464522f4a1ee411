import { setMaxListeners } from "node:events";
import { runVirtualDevice, type VirtualDeviceOptions } from "./virtual-device.js";

/** Runs virtual devices until `signal` aborts. If one fails, it stops all of them and throws its error. */
export async function runFleet(
  devices: readonly Omit<VirtualDeviceOptions, "signal">[],
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, either); // every device adds a listener, so a high count is no leak
  const ends = await Promise.allSettled(
    devices.map(async (device) => {
      try {
        await runVirtualDevice({ ...device, signal: either });
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
