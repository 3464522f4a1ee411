import { expect, test } from "vitest";
import { decodeInventory } from "./inventory.js";

const REPORTED = {
  version: "2.0.0",
  slot: 1,
  model: "m1",
  imageSha256: "ab".repeat(32),
  agent: "0.1.0",
  bootedAt: "2026-11-30T12:00:00.000Z",
};

test("what a device reports is decoded, other keys are left out", () => {
  expect(decodeInventory({ ...REPORTED, battery: 7 })).toEqual(REPORTED);
  expect(decodeInventory({ slot: 0 })).toEqual({ slot: 0 });
});

test.each([
  undefined,
  null,
  "text",
  7,
  [],
  { version: 2, slot: "1", model: "", agent: null },
  { slot: -1 },
  { slot: 1.5 },
  { bootedAt: "yesterday" },
  { bootedAt: "2026-13-45T99:99:99Z" },
  { bootedAt: "1" },
])("%j tells nothing", (reported) => {
  expect(decodeInventory(reported)).toEqual({});
});
