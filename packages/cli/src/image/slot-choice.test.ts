import { expect, test } from "vitest";
import { resolveSlots, slotsOfRawImage } from "./slot-choice.js";

function slots(slot: number | string | undefined, file: { slot?: number; slots?: number[] } = {}) {
  return slotsOfRawImage(resolveSlots({ ...(slot !== undefined && { slot }) }, { file }));
}

test.each([
  ["a stated slot is the only one", "1", {}, [1]],
  ["any slot is both of the usual ones", "any", {}, [1, 0]],
  ["any slot is each of those in the settings", "any", { slots: [0, 1, 2] }, [1, 0, 2]],
  ["slots in the settings mean the same as any slot", undefined, { slots: [0, 1] }, [1, 0]],
  ["a stated slot overrides slots in the settings", "0", { slots: [0, 1] }, [0]],
  ["a slot in the settings is the only one", undefined, { slot: 0, slots: [0, 1] }, [0]],
  ["a slot in the settings gets the legacy keys of any slot", "any", { slot: 0, slots: [1, 0] }, [0, 1]],
  ["nothing names a slot", undefined, {}, []],
])("%s", (_what, slot, file, expected) => {
  expect(slots(slot, file)).toEqual(expected);
});

test("any slot without the one that the settings name is refused", () => {
  expect(() => slots("any", { slot: 2 })).toThrow(
    expect.objectContaining({ code: "SLOT_INVALID", message: "slot 2 of the settings is not one of 0, 1" }),
  );
});
