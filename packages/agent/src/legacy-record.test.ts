import { expect, test } from "vitest";
import { legacyRecord } from "./legacy-record.js";

const device = { runningSlot: 0, currentSlot: 0, workingSlot: 0, slotCount: 2, slotSizeBytes: 0x40000 };

test("P-30: get_record's nine integers, in its order", () => {
  expect(legacyRecord(device)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 4096]);
  expect(legacyRecord({ ...device, runningSlot: 1, currentSlot: 1, workingSlot: 1 })).toEqual([
    1, 0, 0, 0, 1, 1, 0x40000, 0, 4096,
  ]);
});

test("P-34: on trial item 4 differs from item 5", () => {
  const record = legacyRecord({ ...device, runningSlot: 1, currentSlot: 1 });
  expect([record[4], record[5]]).toEqual([1, 0]);
});

test("P-37, P-38: the original's predicates hold on it", () => {
  const bcIdx = 1;
  const before = legacyRecord(device);
  expect(bcIdx !== before[4]).toBe(true); // is_fota_possible
  const onTrial = legacyRecord({ ...device, runningSlot: 1, currentSlot: 1 });
  expect(bcIdx === onTrial[4] && bcIdx !== onTrial[5]).toBe(true); // is_fota_valid
});
