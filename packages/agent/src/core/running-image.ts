import type { KnownImage } from "./inventory-port.js";
import type { Slots } from "./ports.js";
import { slotHolds } from "./verify.js";

/** The image in the running slot, which cannot change before a restart. */
export class RunningImage {
  readonly #slots: Slots;
  /** Results by size and digests. */
  readonly #known = new Map<string, boolean>();
  /** The running image, if a document named it. */
  identified: KnownImage | undefined;

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  /** Tells whether the device runs the image of `target`. Reads the slot only once for each image. */
  async is(target: KnownImage): Promise<boolean> {
    const key = `${target.sizeBytes} ${target.md5} ${target.sha256 ?? ""}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { runningSlot, slotSizeBytes } = await this.#slots.record();
    const isRunning =
      target.sizeBytes <= slotSizeBytes && (await slotHolds(this.#slots, runningSlot, target));
    this.#known.set(key, isRunning);
    if (isRunning) this.identified = target;
    return isRunning;
  }
}
