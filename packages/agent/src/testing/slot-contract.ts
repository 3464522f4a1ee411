import { isFotaError } from "@fota/shared";
import type { BootRecord, Slots } from "../core/ports.js";

/** One device for one case: at least two slots of 32 KiB or more, the running one confirmed. */
export interface SlotsUnderTest {
  slots: Slots;
  /**
   * Cuts the power and gives it back: the boot loader decides, any image boots, and the port of the process that it
   * started comes back. The port from before stands for a process that was left running, which must change nothing.
   */
  reboot(): Promise<Slots>;
  /** Removes what `makeSlots` made. */
  dispose?(): Promise<void>;
}

export interface ContractCase {
  name: string;
  /** Rejects with the reason when the port breaks the contract. */
  run(): Promise<void>;
}

/** Most boots that a loader may grant an image on trial before it goes back. */
const TRIAL_BOOTS_MAX = 10;

/**
 * What every `Slots` must do, as cases for any test runner: `for (const c of slotContract("my slots", make))
 * test(c.name, c.run)`. `makeSlots` is called once for each case.
 */
export function slotContract(name: string, makeSlots: () => Promise<SlotsUnderTest>): ContractCase[] {
  return CASES.map(([title, check]) => ({
    name: `${name}: ${title}`,
    run: async () => {
      const device = await makeSlots();
      try {
        await check(device);
      } finally {
        await device.dispose?.();
      }
    },
  }));
}

/** Digests of `pattern(4000)` and `pattern(10000)`, from md5sum and sha256sum. */
const PATTERN_4000 = {
  md5: "4c983d509748aa1355869b17f1b2b5eb",
  sha256: "b30b32267bb654ea6a7079019ba4ae58d5dff935d8f7ec6ce85384d45c4efccb",
};
const PATTERN_10000 = {
  md5: "f6616ada06b2896e56a6e7c433ad7dbf",
  sha256: "e31b92f283ec18dfc36062fa2b6feafbf22d2ea75d05e8c19c65a67ebd4cb1a4",
};

const CASES: [title: string, check: (device: SlotsUnderTest) => Promise<void>][] = [
  [
    "a confirmed device runs, boots next and falls back to the same slot",
    async ({ slots }) => {
      const record = await slots.record();
      equal(record.currentSlot, record.runningSlot, "currentSlot");
      equal(record.workingSlot, record.runningSlot, "workingSlot");
      holds(record.slotCount >= 2, `slotCount is ${record.slotCount}, two are needed`);
      holds(record.runningSlot >= 0 && record.runningSlot < record.slotCount, "runningSlot is out of range");
      holds(record.slotSizeBytes >= 32 * 1024, `slotSizeBytes is ${record.slotSizeBytes}`);
    },
  ],
  [
    "bytes written are read back, whole and in part",
    async ({ slots }) => {
      const slot = await fill(slots);
      equal(await slots.digest(slot, 10_000), PATTERN_10000, "digest of 10,000 bytes");
      equal(await slots.digest(slot, 4_000), PATTERN_4000, "digest of the first 4,000 bytes");
      await slots.close(slot);
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
      equal(await slots.digest(slot, 10_000), PATTERN_10000, "digest");
      await slots.close(slot);
    },
  ],
  [
    "a second image in the same slot does not meet the first one's leftovers",
    async ({ slots }) => {
      const slot = await fill(slots);
      await slots.erase(slot, 4_000);
      await slots.write(slot, 0, pattern(4_000));
      await slots.sync(slot);
      equal(await slots.digest(slot, 4_000), PATTERN_4000, "digest of the second image");
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
      equal(await slots.digest(slot, bytes.length), PATTERN_10000, "digest");
      await slots.close(slot);
    },
  ],
  [
    "synced bytes survive a power cut",
    async (device) => {
      const slot = await fill(device.slots);
      const slots = await device.reboot();
      equal(await slots.digest(slot, 10_000), PATTERN_10000, "digest after the cut");
    },
  ],
  [
    "a slot that holds fewer bytes than asked for is no error, and no match",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      await slots.erase(slot, 4_000);
      await slots.write(slot, 0, pattern(4_000));
      await slots.sync(slot);
      const { md5 } = await slots.digest(slot, 10_000);
      holds(md5 !== PATTERN_10000.md5, "4,000 bytes have the digest of 10,000");
      await slots.close(slot);
    },
  ],
  [
    "close may be called twice, and without a write",
    async ({ slots }) => {
      const slot = await freeSlot(slots);
      await slots.close(slot);
      await fill(slots);
      await slots.close(slot);
      await slots.close(slot);
    },
  ],
  [
    "the running slot is never erased or written, and can be read",
    async ({ slots }) => {
      const { runningSlot } = await slots.record();
      const before = await slots.digest(runningSlot, 64);
      await refused(() => slots.erase(runningSlot, 64), "erase", "SLOT_RUNNING");
      await refused(() => slots.write(runningSlot, 0, pattern(64)), "write", "SLOT_RUNNING");
      equal(await slots.digest(runningSlot, 64), before, "digest of the running slot");
    },
  ],
  [
    "a slot that does not exist is refused",
    async ({ slots }) => {
      const { slotCount } = await slots.record();
      for (const slot of [slotCount, -1, 0.5]) {
        await refused(() => slots.erase(slot, 64), `erase of slot ${slot}`);
        await refused(() => slots.write(slot, 0, pattern(64)), `write to slot ${slot}`);
        await refused(() => slots.attempt(slot), `attempt of slot ${slot}`);
      }
    },
  ],
  [
    "bytes past the end of a slot are refused",
    async ({ slots }) => {
      const { slotSizeBytes } = await slots.record();
      const slot = await freeSlot(slots);
      await refused(() => slots.erase(slot, slotSizeBytes + 1), "erase past the end");
      await slots.erase(slot, slotSizeBytes);
      await refused(() => slots.write(slot, slotSizeBytes - 1, pattern(2)), "write past the end");
      await refused(() => slots.write(slot, -1, pattern(2)), "write before the start");
      await slots.close(slot);
    },
  ],
  [
    "attempt names the slot to boot next and nothing else; twice is as once",
    async ({ slots }) => {
      const before = await slots.record();
      const slot = await fill(slots);
      await slots.attempt(slot);
      await slots.attempt(slot);
      equal(await slots.record(), { ...before, currentSlot: slot }, "record");
    },
  ],
  [
    "an attempted slot boots on trial",
    async (device) => {
      const { runningSlot } = await device.slots.record();
      const slot = await attempt(device.slots);
      const record = await (await device.reboot()).record();
      equal(runs(record), { running: slot, current: slot, working: runningSlot }, "record on trial");
    },
  ],
  [
    "a trial without accept goes back",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attempt(device.slots);
      await device.reboot();
      const record = await (await goBack(device, old)).record();
      equal(runs(record), { running: old, current: old, working: old }, "record after the trial");
    },
  ],
  [
    "on trial the running slot is the new one: it cannot be written",
    async (device) => {
      const slot = await attempt(device.slots);
      const slots = await device.reboot();
      await refused(() => slots.erase(slot, 64), "erase", "SLOT_RUNNING");
      await refused(() => slots.write(slot, 0, pattern(64)), "write", "SLOT_RUNNING");
      equal(await slots.digest(slot, 10_000), PATTERN_10000, "digest of the image on trial");
    },
  ],
  [
    "an accepted image stays; accept twice is as once",
    async (device) => {
      const slot = await attempt(device.slots);
      const onTrial = await device.reboot();
      await onTrial.accept();
      await onTrial.accept();
      const stays = { running: slot, current: slot, working: slot };
      equal(runs(await onTrial.record()), stays, "record after accept");
      let slots = await device.reboot();
      for (let boots = 0; boots < TRIAL_BOOTS_MAX; boots += 1) slots = await device.reboot();
      equal(runs(await slots.record()), stays, "record some boots later");
    },
  ],
  [
    "accept and revert without a trial change nothing",
    async (device) => {
      const before = await device.slots.record();
      await device.slots.accept();
      await device.slots.revert();
      equal(await device.slots.record(), before, "record");
      equal(await (await device.reboot()).record(), before, "record after a boot");
    },
  ],
  [
    "revert on trial: the working slot boots next; twice is as once",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      const slot = await attempt(device.slots);
      const onTrial = await device.reboot();
      await onTrial.revert();
      await onTrial.revert();
      const { running, current } = runs(await onTrial.record());
      equal({ running, current }, { running: slot, current: old }, "record after revert");
      equal(
        runs(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "boot",
      );
    },
  ],
  [
    "accept after revert is refused and changes nothing",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attempt(device.slots);
      const onTrial = await device.reboot();
      await onTrial.revert();
      const given = await onTrial.record();
      await refused(() => onTrial.accept(), "accept after revert", "TRIAL_OVER");
      await refused(() => onTrial.accept(), "a second accept after revert", "TRIAL_OVER");
      equal(await onTrial.record(), given, "record after the refused accept");
      equal(
        runs(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "boot after the refused accept",
      );
    },
  ],
  [
    "accept after going back: what a trial left running does not confirm it",
    async (device) => {
      const { runningSlot: old } = await device.slots.record();
      await attempt(device.slots);
      const leftRunning = await device.reboot();
      const slots = await goBack(device, old);
      const before = await slots.record();
      await leftRunning.accept().catch(() => {}); // a port may know that its process cannot be left
      equal(await slots.record(), before, "record after the accept of a process left running");
      await leftRunning.revert().catch(() => {});
      equal(await slots.record(), before, "record after the revert of a process left running");
      equal(
        runs(await (await device.reboot()).record()),
        { running: old, current: old, working: old },
        "boot after the accept of a process left running",
      );
    },
  ],
  [
    "accept before the restart leaves the attempt as it is",
    async ({ slots }) => {
      const slot = await attempt(slots);
      const { runningSlot } = await slots.record();
      await slots.accept();
      equal(
        runs(await slots.record()),
        { running: runningSlot, current: slot, working: runningSlot },
        "record",
      );
    },
  ],
  [
    "revert before the restart takes the attempt back",
    async (device) => {
      const before = await device.slots.record();
      await attempt(device.slots);
      await device.slots.revert();
      equal(await (await device.reboot()).record(), before, "record after the boot");
    },
  ],
];

function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

async function freeSlot(slots: Slots): Promise<number> {
  return (await slots.record()).runningSlot === 0 ? 1 : 0;
}

/** Writes `pattern(10000)` to the free slot, in small pieces, and makes it durable. */
async function fill(slots: Slots): Promise<number> {
  const slot = await freeSlot(slots);
  const bytes = pattern(10_000);
  await slots.erase(slot, bytes.length);
  for (let at = 0; at < bytes.length; at += 4_096)
    await slots.write(slot, at, bytes.subarray(at, at + 4_096));
  await slots.sync(slot);
  return slot;
}

async function attempt(slots: Slots): Promise<number> {
  const slot = await fill(slots);
  await slots.close(slot);
  await slots.attempt(slot);
  return slot;
}

/** Boots until `old` runs again, as it must when a trial is not confirmed. */
async function goBack(device: SlotsUnderTest, old: number): Promise<Slots> {
  let slots = await device.reboot();
  for (let boots = 1; boots <= TRIAL_BOOTS_MAX; boots += 1) {
    if ((await slots.record()).runningSlot === old) break;
    slots = await device.reboot();
  }
  return slots;
}

function runs({ runningSlot, currentSlot, workingSlot }: BootRecord) {
  return { running: runningSlot, current: currentSlot, working: workingSlot };
}

function holds(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function equal(actual: object | number, expected: object | number, what: string): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  holds(a === b, `${what}: expected ${b}, got ${a}`);
}

function canonical(value: object | number): string {
  return JSON.stringify(
    typeof value === "number" ? value : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function refused(
  action: () => Promise<void>,
  what: string,
  code?: "SLOT_RUNNING" | "TRIAL_OVER",
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (code !== undefined) holds(isFotaError(error, code), `${what} threw ${String(error)}, not ${code}`);
    return;
  }
  throw new Error(`${what} was not refused`);
}
