import { expect, test } from "vitest";
import { parseRaucStatus } from "./rauc-status.js";

const slot = (name: string, fields: object) => ({ [name]: { type: "raw", parent: null, ...fields } });
const B = slot("rootfs.1", { bootname: "B", state: "inactive", boot_status: "bad" });
const installed = { timestamp: "2026-11-30T21:01:06Z", count: 3 };
const A = slot("rootfs.0", {
  bootname: "A",
  state: "booted",
  boot_status: "good",
  slot_status: { status: "ok", installed },
});
const APP = slot("app.0", { bootname: null, state: "active", boot_status: null });
const print = (slots: object[], primary: string | null = "rootfs.0") =>
  JSON.stringify({ compatible: "board", booted: "A", boot_primary: primary, slots });

test("slots are in the order of their boot names; those without one do not count", () => {
  expect(parseRaucStatus(print([B, APP, A]))).toEqual({
    slots: [
      { name: "rootfs.0", bootname: "A", isBooted: true, isGood: true, mark: JSON.stringify(installed) },
      { name: "rootfs.1", bootname: "B", isBooted: false, isGood: false, mark: undefined },
    ],
    runningSlot: 0,
    primarySlot: 0,
  });
});

test("a boot loader without a slot to boot has no primary slot", () => {
  expect(parseRaucStatus(print([A, B], null)).primarySlot).toBeUndefined();
});

test.each([
  ["no JSON", "rauc: no", "SLOT_ACCESS"],
  ["one slot with a boot name", print([A, APP]), "BOOT_RECORD_INVALID"],
  ["no booted slot", print([B, slot("rootfs.2", { bootname: "C" })]), "RUNNING_SLOT_UNKNOWN"],
])("%s is an error", (_what, output, code) => {
  expect(() => parseRaucStatus(output)).toThrow(expect.objectContaining({ code }));
});
