import { createHash } from "node:crypto";
import { FotaError } from "@fota/shared";
import type { BootRecord, ReadBack, Slots, StateStore } from "../core/ports.js";
import type { Power } from "./power.js";

interface SlotBytes {
  /** Bytes that survive a power cut. */
  durable: Uint8Array;
  /** Bytes that a read returns, including those that were written but not synced. */
  seen: Uint8Array;
}

export interface FakeFlashOptions {
  slotCount?: number;
  slotSizeBytes?: number;
  /** Tells whether an image boots. One that does not crashes before the agent runs. */
  boots?: (image: Uint8Array) => boolean;
  /** Its slots support `readBack`. */
  readsBack?: boolean;
}

/**
 * The parts of a simulated device that survive a power cut: slots, boot record and saved state, with a boot loader that
 * gives a trial one boot and then reverts unless it was accepted.
 */
export class FakeFlash {
  readonly slotSizeBytes: number;
  readonly #slots: SlotBytes[];
  readonly #readsBack: boolean;
  readonly #boots: (image: Uint8Array) => boolean;
  #running = 0;
  #current = 0;
  #working = 0;
  #trialBooted = false;
  state: string | undefined;
  /** The text in the store of `trust`. */
  trust: string | undefined;
  /** The text in the store of the inventory. */
  inventory: string | undefined;
  /** Boots without an image that starts. Must stay 0. */
  deadBoots = 0;
  boots = 0;

  constructor(image: Uint8Array, options: FakeFlashOptions = {}) {
    this.slotSizeBytes = options.slotSizeBytes ?? 64 * 1024;
    this.#readsBack = options.readsBack ?? false;
    this.#boots = options.boots ?? (() => true);
    this.#slots = Array.from({ length: options.slotCount ?? 2 }, () => ({ durable: blank(), seen: blank() }));
    this.#slots[0] = { durable: image.slice(), seen: image.slice() };
  }

  get record(): BootRecord {
    return {
      runningSlot: this.#running,
      currentSlot: this.#current,
      workingSlot: this.#working,
      slotCount: this.#slots.length,
      slotSizeBytes: this.slotSizeBytes,
    };
  }

  /** The running image, and whether it is confirmed. */
  get running(): { slot: number; image: Uint8Array; confirmed: boolean } {
    return {
      slot: this.#running,
      image: this.slotBytes(this.#running),
      confirmed: this.#running === this.#current && this.#current === this.#working,
    };
  }

  slotBytes(slot: number): Uint8Array {
    return this.#slots[slot]?.seen.slice() ?? blank();
  }

  /** Turns the power on: the boot loader decides what runs. */
  boot(): void {
    for (const slot of this.#slots) slot.seen = slot.durable.slice();
    for (let tries = 0; tries < 3; tries += 1) {
      this.boots += 1;
      if (this.#current !== this.#working) {
        if (this.#trialBooted) this.#revert();
        else this.#trialBooted = true;
      }
      this.#running = this.#current;
      if (this.#boots(this.slotBytes(this.#running))) return;
    }
    this.deadBoots += 1;
  }

  /** Returns the slots for the process that runs now on `power`. `restart` cuts the power. */
  slots(power: Power): Slots {
    const runningSlot = this.#running; // of this process, even after a later boot
    const guarded = (slot: number): SlotBytes => {
      const bytes = this.#existing(slot);
      if (slot === this.#running) throw new FotaError("SLOT_RUNNING", `slot ${slot} is running`);
      return bytes;
    };
    return {
      record: () => power.pass("slots.record", () => this.record),
      erase: (slot, sizeBytes) =>
        power.pass(
          "slots.erase",
          () => {
            const bytes = guarded(slot);
            this.#checkRange(0, sizeBytes);
            bytes.durable = blank();
            bytes.seen = blank();
          },
          () => {
            const bytes = guarded(slot);
            bytes.durable = bytes.durable.slice(bytes.durable.length / 2);
          },
        ),
      write: (slot, offsetBytes, piece) =>
        power.pass(
          "slots.write",
          () => {
            const bytes = guarded(slot);
            this.#checkRange(offsetBytes, piece.length);
            bytes.seen = overwritten(bytes.seen, offsetBytes, piece);
          },
          () => {
            // A part of an unsynced write may reach storage.
            const bytes = guarded(slot);
            const half = piece.subarray(0, piece.length / 2);
            bytes.durable = overwritten(bytes.durable, offsetBytes, half);
          },
        ),
      sync: (slot) =>
        power.pass("slots.sync", () => {
          const bytes = this.#existing(slot);
          bytes.durable = bytes.seen.slice();
        }),
      digest: (slot, sizeBytes) =>
        power.pass("slots.digest", () => {
          const read = this.#existing(slot).seen.subarray(0, sizeBytes);
          return { md5: hex("md5", read), sha256: hex("sha256", read) };
        }),
      read: (slot, offsetBytes, bytes) =>
        power.pass("slots.read", () => {
          const { seen } = this.#existing(slot);
          if (offsetBytes + bytes.length > seen.length) {
            throw new FotaError("SLOT_ACCESS", `slot ${slot} ends at byte ${seen.length}`);
          }
          bytes.set(seen.subarray(offsetBytes, offsetBytes + bytes.length));
        }),
      ...(this.#readsBack && { readBack: (slot: number) => this.#readBack(slot, power) }),
      close: () => power.pass("slots.close", () => {}),
      attempt: (slot) =>
        power.pass("slots.attempt", () => {
          this.#existing(slot);
          this.#current = slot;
          this.#trialBooted = false;
        }),
      accept: () =>
        power.pass("slots.accept", () => {
          if (this.#working === runningSlot) return;
          if (this.#current !== runningSlot) {
            throw new FotaError("TRIAL_OVER", `slot ${runningSlot} is not on trial`);
          }
          this.#working = runningSlot;
          this.#trialBooted = false;
        }),
      revert: () => power.pass("slots.revert", () => this.#revert()),
      restart: () => power.pass("slots.restart", () => power.cut()),
    };
  }

  /** Returns the state store of the same device. Saves are atomic, as the port promises. */
  stateStore(power: Power): StateStore {
    return {
      load: () => power.pass("state.load", () => this.state),
      save: (text) =>
        power.pass("state.save", () => {
          this.state = text;
        }),
    };
  }

  /** Returns the store of what the same device knows of signed documents. */
  trustStore(power: Power): StateStore {
    return {
      load: () => power.pass("trust.load", () => this.trust),
      save: (text) =>
        power.pass("trust.save", () => {
          this.trust = text;
        }),
    };
  }

  /** Returns the store of what the same device has reported of its firmware. */
  inventoryStore(power: Power): StateStore {
    return {
      load: () => power.pass("inventory.load", () => this.inventory),
      save: (text) =>
        power.pass("inventory.save", () => {
          this.inventory = text;
        }),
    };
  }

  /** Reads bytes back as soon as it is allowed to. */
  #readBack(slot: number, power: Power): ReadBack {
    const [md5, sha256] = [createHash("md5"), createHash("sha256")];
    let readBytes = 0;
    return {
      advance: (writtenBytes) => {
        const piece = this.#existing(slot).seen.subarray(readBytes, writtenBytes);
        md5.update(piece);
        sha256.update(piece);
        readBytes = writtenBytes;
      },
      digests: () =>
        power.pass("readBack.digests", () => ({ md5: md5.digest("hex"), sha256: sha256.digest("hex") })),
      stop: () => power.pass("readBack.stop", () => {}),
    };
  }

  #revert(): void {
    this.#current = this.#working;
    this.#trialBooted = false;
  }

  #existing(slot: number): SlotBytes {
    const bytes = this.#slots[slot];
    if (bytes === undefined) throw new FotaError("SLOT_ACCESS", `slot ${slot} does not exist`);
    return bytes;
  }

  #checkRange(offsetBytes: number, lengthBytes: number): void {
    if (offsetBytes >= 0 && offsetBytes + lengthBytes <= this.slotSizeBytes) return;
    throw new FotaError(
      "SLOT_ACCESS",
      `bytes ${offsetBytes} to ${offsetBytes + lengthBytes} are not in the slot`,
    );
  }
}

function blank(): Uint8Array {
  return new Uint8Array(0);
}

function overwritten(bytes: Uint8Array, offsetBytes: number, piece: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(bytes.length, offsetBytes + piece.length)).fill(0xff);
  result.set(bytes);
  result.set(piece, offsetBytes);
  return result;
}

function hex(algorithm: "md5" | "sha256", bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
