import { expect, test } from "vitest";
import { nextBoot } from "./next-boot.js";

const confirmed = { currentSlot: 0, workingSlot: 0, trialBoots: 0 };
const ordered = { currentSlot: 1, workingSlot: 0, trialBoots: 0 };
const tried = { currentSlot: 1, workingSlot: 0, trialBoots: 1 };

test.each([
  { name: "a confirmed slot", record: confirmed, slot: 0, trial: false, next: confirmed },
  { name: "a trial, counted first", record: ordered, slot: 1, trial: true, next: tried },
  { name: "not a trial twice", record: tried, slot: 0, trial: false, next: confirmed },
  {
    name: "a trial again where two are granted",
    record: tried,
    max: 2,
    slot: 1,
    trial: true,
    next: { ...tried, trialBoots: 2 },
  },
  { name: "not an empty slot on trial", record: ordered, full: [0], slot: 0, trial: false, next: confirmed },
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
  [ordered, [0], "empty"],
] as const)("says which slot it gave up and why", (record, full: readonly number[], why) => {
  const boot = nextBoot(record, { maxTrialBoots: 1, isBootable: (slot) => full.includes(slot) });
  expect(boot?.reverted).toEqual({ slot: 1, why });
});

test.each([confirmed, ordered, tried])("boots nothing where both slots are empty", (record) => {
  expect(nextBoot(record, { maxTrialBoots: 1, isBootable: () => false })).toBeUndefined();
});

test("a confirmed slot that is empty is not replaced by one that was never confirmed", () => {
  expect(nextBoot(confirmed, { maxTrialBoots: 1, isBootable: (slot) => slot === 1 })).toBeUndefined();
});
