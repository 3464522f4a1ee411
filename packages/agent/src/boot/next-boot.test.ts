import { describe, expect, test } from "vitest";
import type { SavedBootRecord } from "./boot-record-format.js";
import { confirmSlot, nextBoot, revertTrial, scheduleTrial } from "./next-boot.js";

const confirmed = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };
const isOrdered = { currentSlot: 1, workingSlot: 0, trialBoots: 0 };
const tried = { currentSlot: 1, workingSlot: 0, trialBoots: 1 };

test.each([
  { name: "a confirmed slot", record: confirmed, slot: 0, trial: false, next: confirmed },
  { name: "a trial, counted first", record: isOrdered, slot: 1, trial: true, next: tried },
  { name: "not a trial twice", record: tried, slot: 0, trial: false, next: confirmed },
  {
    name: "a trial again where two are granted",
    record: tried,
    max: 2,
    slot: 1,
    trial: true,
    next: { ...tried, trialBoots: 2 },
  },
  {
    name: "not an empty slot on trial",
    record: isOrdered,
    full: [0],
    slot: 0,
    trial: false,
    next: confirmed,
  },
  {
    name: "a tried slot where the working one is empty",
    record: tried,
    full: [1],
    slot: 1,
    trial: true,
    next: { ...tried, trialBoots: 2 },
  },
])("boots $name", ({ record, max = 1, full = [0, 1], slot, trial, next }) => {
  const boot = nextBoot(record, { maxTrialBoots: max, isBootable: (candidate) => full.includes(candidate) });
  expect(boot).toMatchObject({ slot, trial, record: next });
});

test.each([
  [tried, [0, 1], "not confirmed"],
  [isOrdered, [0], "empty"],
] as const)("says which slot it gave up and why", (record, full: readonly number[], why) => {
  const boot = nextBoot(record, { maxTrialBoots: 1, isBootable: (slot) => full.includes(slot) });
  expect(boot?.reverted).toEqual({ slot: 1, why });
});

test.each([confirmed, isOrdered, tried])("boots nothing where both slots are empty", (record) => {
  expect(nextBoot(record, { maxTrialBoots: 1, isBootable: () => false })).toBeUndefined();
});

describe("with the digests of what was confirmed", () => {
  const images = (...slots: number[]) =>
    slots.map((slot) => ({ slot, sizeBytes: 1, sha256: "0".repeat(64) }));
  const boot = (record: SavedBootRecord, holds: Record<number, boolean>, full = [0, 1]) =>
    nextBoot(record, {
      maxTrialBoots: 1,
      isBootable: (slot) => full.includes(slot),
      digestHolds: (slot) => holds[slot],
    });
  const both = { ...confirmed, confirmed: images(0, 1) };

  test("a confirmed image that has changed is replaced by the other confirmed one, for good", () => {
    const next = { currentSlot: 1, workingSlot: 1, trialBoots: 0, confirmed: images(1) };
    const expected = { record: next, slot: 1, trial: false, reverted: { slot: 0, why: "rotten" } };
    expect(boot(both, { 0: false, 1: true })).toEqual(expected);
  });

  test("so is one that is gone", () => {
    expect(boot(both, { 1: true }, [1])).toMatchObject({ slot: 1, reverted: { slot: 0, why: "empty" } });
  });

  test.each([
    ["was never confirmed", { ...confirmed, confirmed: images(0) }, { 0: false }],
    ["has changed too", both, { 0: false, 1: false }],
  ])("one that has changed boots all the same where the other %s", (_, record, holds) => {
    expect(boot(record, holds)).toEqual({ record, slot: 0, trial: false, rotten: true });
  });

  test("one of which no digest is known boots, as records of the first release have none", () => {
    expect(boot(confirmed, {})).toEqual({ record: confirmed, slot: 0, trial: false });
  });

  test("a trial boots again if the image to revert to has changed", () => {
    const record = { ...tried, confirmed: images(0) };
    expect(boot(record, { 0: false })).toMatchObject({ slot: 1, trial: true, record: { trialBoots: 2 } });
    expect(boot(record, { 0: true })).toMatchObject({ slot: 0, trial: false });
  });

  test("what is known of the other slot survives an update and its end either way", () => {
    const scheduled = scheduleTrial(both, 1);
    expect(scheduled).toEqual({ currentSlot: 1, workingSlot: 0, trialBoots: 0, confirmed: images(0) });
    expect(revertTrial(scheduled)).toEqual({ ...confirmed, confirmed: images(0) });
    const image = { sizeBytes: 2, sha256: "1".repeat(64) };
    expect(confirmSlot(scheduled, 1, image).confirmed).toEqual([...images(0), { slot: 1, ...image }]);
    expect(confirmSlot(both, 1, undefined).confirmed).toEqual(images(0));
  });
});

test("a confirmed slot that is empty is not replaced by one that was never confirmed", () => {
  expect(nextBoot(confirmed, { maxTrialBoots: 1, isBootable: (slot) => slot === 1 })).toBeUndefined();
});
