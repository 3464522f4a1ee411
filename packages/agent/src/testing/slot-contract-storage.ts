import { assert, assertEqual, assertRejects } from "./slot-contract-assertions.js";
import {
  type ContractRule,
  fillFreeSlot,
  freeSlot,
  PATTERN_4000,
  PATTERN_10000,
  pattern,
} from "./slot-contract-steps.js";

/** Rules about erasing, writing and reading slots. */
export const STORAGE_RULES: readonly ContractRule[] = [
  [
    "a confirmed device runs, boots next and falls back to the same slot",
    async ({ slots }) => {
      const record = await slots.record();
      assertEqual(record.currentSlot, record.runningSlot, "currentSlot");
      assertEqual(record.workingSlot, record.runningSlot, "workingSlot");
      assert(record.slotCount >= 2, `slotCount is ${record.slotCount}, two are needed`);
      assert(record.runningSlot >= 0 && record.runningSlot < record.slotCount, "runningSlot is out of range");
      assert(record.slotSizeBytes >= 32 * 1024, `slotSizeBytes is ${record.slotSizeBytes}`);
    },
  ],
  [
    "bytes written are read back, whole and in part",
    async ({ slots }) => {
      const slot = await fillFreeSlot(slots);
      assertEqual(await slots.digest(slot, 10_000), PATTERN_10000, "digest of 10,000 bytes");
      assertEqual(await slots.digest(slot, 4_000), PATTERN_4000, "digest of the first 4,000 bytes");
      if (slots.sha256 !== undefined) {
        const sha256 = await slots.sha256(slot, 4_000);
        assert(sha256 === PATTERN_4000.sha256, `the SHA-256 of the first 4,000 bytes is ${sha256}`);
      }
      await slots.close(slot);
    },
  ],
  [
    "a slot that knows where its image ends has as many bytes as were written, and none after the erase",
    async ({ slots }) => {
      const slot = await fillFreeSlot(slots);
      const heldBytes = await slots.heldBytes?.(slot);
      assert(heldBytes === undefined || heldBytes === 10_000, `heldBytes is ${heldBytes} after 10,000 bytes`);
      await slots.erase(slot, 4_000);
      const leftBytes = await slots.heldBytes?.(slot);
      assert(leftBytes === undefined || leftBytes === 0, `heldBytes is ${leftBytes} after the erase`);
      await slots.close(slot);
    },
  ],
  [
    "read fills the array from any offset, of the running slot too, and rejects past the end",
    async ({ slots }) => {
      if (slots.read === undefined) return;
      const slot = await fillFreeSlot(slots);
      const bytes = pattern(10_000);
      for (const [start, end] of [
        [0, 10_000],
        [9_999, 10_000],
        [4_000, 8_200],
        [0, 1],
      ] as const) {
        const piece = new Uint8Array(end - start);
        await slots.read(slot, start, piece);
        assert(
          piece.every((byte, index) => byte === bytes[start + index]),
          `read of bytes ${start} to ${end}`,
        );
      }
      const { runningSlot, slotSizeBytes } = await slots.record();
      await slots.read(runningSlot, 0, new Uint8Array(1));
      await assertRejects(
        async () => slots.read?.(slot, slotSizeBytes, new Uint8Array(1)),
        "read past the end",
      );
      await slots.close(slot);
      await slots.close(runningSlot);
    },
  ],
  [
    "no cursor is kept: pieces may come out of order and twice",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      const bytes = pattern(10_000);
      await slots.erase(slot, 10_000);
      for (const [start, end] of [
        [4_096, 10_000],
        [0, 4_096],
        [4_096, 8_192],
      ] as const) {
        await slots.write(slot, start, bytes.subarray(start, end));
      }
      await slots.sync(slot);
      assertEqual(await slots.digest(slot, 10_000), PATTERN_10000, "digest");
      await slots.close(slot);
    },
  ],
  [
    "a second image in the same slot does not mix with the first one",
    async ({ slots }) => {
      const slot = await fillFreeSlot(slots);
      await slots.erase(slot, 4_000);
      await slots.write(slot, 0, pattern(4_000));
      await slots.sync(slot);
      assertEqual(await slots.digest(slot, 4_000), PATTERN_4000, "digest of the second image");
      await slots.close(slot);
    },
  ],
  [
    "the buffer given to write may be used again at once",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      const bytes = pattern(10_000);
      await slots.erase(slot, bytes.length);
      await slots.write(slot, 0, bytes);
      bytes.fill(0);
      await slots.sync(slot);
      assertEqual(await slots.digest(slot, bytes.length), PATTERN_10000, "digest");
      await slots.close(slot);
    },
  ],
  [
    "synced bytes survive a power cut",
    async (device) => {
      const slot = await fillFreeSlot(device.slots);
      const slots = await device.reboot();
      assertEqual(await slots.digest(slot, 10_000), PATTERN_10000, "digest after the cut");
    },
  ],
  [
    "reading more bytes than the slot holds is no error, and does not match",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      await slots.erase(slot, 4_000);
      await slots.write(slot, 0, pattern(4_000));
      await slots.sync(slot);
      const { md5 } = await slots.digest(slot, 10_000);
      assert(md5 !== PATTERN_10000.md5, "4,000 bytes have the digest of 10,000");
      await slots.close(slot);
    },
  ],
  [
    "close may be called twice, and without a write",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      await slots.close(slot);
      await fillFreeSlot(slots);
      await slots.close(slot);
      await slots.close(slot);
    },
  ],
  [
    "the running slot is never erased or written, but can be read",
    async ({ slots }) => {
      const { runningSlot } = await slots.record();
      const before = await slots.digest(runningSlot, 64);
      await assertRejects(() => slots.erase(runningSlot, 64), "erase", "SLOT_RUNNING");
      await assertRejects(() => slots.write(runningSlot, 0, pattern(64)), "write", "SLOT_RUNNING");
      assertEqual(await slots.digest(runningSlot, 64), before, "digest of the running slot");
    },
  ],
  [
    "a slot that does not exist is refused",
    async ({ slots }) => {
      const { slotCount } = await slots.record();
      for (const slot of [slotCount, -1, 0.5]) {
        await assertRejects(() => slots.erase(slot, 64), `erase of slot ${slot}`);
        await assertRejects(() => slots.write(slot, 0, pattern(64)), `write to slot ${slot}`);
        await assertRejects(() => slots.attempt(slot), `attempt of slot ${slot}`);
      }
    },
  ],
  [
    "bytes past the end of a slot are refused",
    async ({ slots }) => {
      const { slotSizeBytes } = await slots.record();
      const slot = await freeSlot(slots);
      await assertRejects(() => slots.erase(slot, slotSizeBytes + 1), "erase past the end");
      await slots.erase(slot, slotSizeBytes);
      await assertRejects(() => slots.write(slot, slotSizeBytes - 1, pattern(2)), "write past the end");
      await assertRejects(() => slots.write(slot, -1, pattern(2)), "write before the start");
      await slots.close(slot);
    },
  ],
];
