import { expect, test } from "vitest";
import type { ImageFile } from "../image/image-file.js";
import { slotsOf } from "./slots.js";

/** Nothing but what decides of slots. */
const file = (slot: number | undefined) => ({ name: `app${slot ?? ""}.bin`, slot }) as ImageFile;
const stated = (slot: number) => ({ slot, any: undefined, isStated: true });
const byDefault = (slot: number | undefined) => ({ slot, any: undefined, isStated: false });
const any = (isStated: boolean, slot?: number) => ({ slot, any: [0, 1], isStated });
const numbers = (...given: Parameters<typeof slotsOf>) => slotsOf(...given).map(({ slot }) => slot);

test.each([
  ["a raw image takes the stated slot", stated(1), [undefined], [1]],
  ["a raw image takes the default", byDefault(1), [undefined], [1]],
  ["an image that says its slot needs no other word", byDefault(undefined), [0], [0]],
  ["what the image says comes before a default", byDefault(1), [0], [0]],
  ["of several, the stated one is first", stated(1), [0, 1, 2], [1, 0, 2]],
  ["of several, the default is first", byDefault(2), [0, 1, 2], [2, 0, 1]],
  ["of several, the first is first where nothing says otherwise", byDefault(undefined), [1, 0], [1, 0]],
  ["a raw image for any slot comes once for each", any(true), [undefined], [1, 0]],
  ["a raw image for any slot by default does too", any(false), [undefined], [1, 0]],
  ["what the image says comes before any slot by default", any(false), [0], [0]],
  ["what several images say comes before any slot by default", any(false), [0, 1], [0, 1]],
])("%s", (_what, wanted, slots, expected) => {
  expect(numbers(wanted, slots.map(file))).toEqual(expected);
});

test.each([
  ["a raw image without a slot", byDefault(undefined), [undefined], /no slot is given/],
  ["an image that says another slot than was stated", stated(1), [0], /linked for slot 0, not for slot 1/],
  ["one of several without a slot", stated(1), [1, undefined], /app\.bin has none/],
  ["two for one slot", stated(1), [1, 1], /got slots 1, 1/],
  ["any slot for an image that says its own", any(true), [0], /linked for slot 0, not for any slot/],
  ["any slot for several images", any(true), [0, 1], /--slot any takes one image, got 2/],
  ["a stated slot that none of several has", stated(2), [0, 1], /no image is for --slot 2/],
])("%s is refused", (_what, wanted, slots, says) => {
  expect(() => slotsOf(wanted, slots.map(file))).toThrow(
    expect.objectContaining({ code: "SLOT_INVALID", message: expect.stringMatching(says) }),
  );
});
