import type { Device, Mqtt } from "./ports.js";
import type { ImageIdentity } from "./verify.js";

/** An image, with its version if the job document has one. */
export interface KnownImage extends ImageIdentity {
  version?: string;
}

/**
 * Reports what the device runs, from `createInventory`. A port, so that a build without an inventory does not carry its
 * code.
 */
export interface InventoryReporter {
  /**
   * Reports what the device runs if that changed since the last report that AWS IoT accepted. Called while no update is in
   * progress. `identified` is the running image, if a job document named it since the boot. Returns the milliseconds
   * after which it wants to be called again; `undefined` if there is nothing left to report. Never rejects.
   */
  report(
    device: Omit<Device, "inventory">,
    mqtt: Mqtt,
    identified: KnownImage | undefined,
  ): Promise<number | undefined>;
}
