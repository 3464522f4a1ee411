import { expect, test } from "vitest";
import { collect, parseDurationSeconds, parsePort, parseSlot } from "./flags.js";

test.each([
  ["90", 90],
  ["90s", 90],
  ["30m", 1_800],
  ["2h", 7_200],
  ["7d", 604_800],
  [" 5m ", 300],
] as const)("%j is a duration of %i seconds", (text, seconds) => {
  expect(parseDurationSeconds(text)).toBe(seconds);
});

test.each(["", "m", "1.5h", "-1", "1w", "1h30m", "1 h", "0x10", "9999999999"])(
  "%j is no duration",
  (text) => {
    expect(parseDurationSeconds(text)).toBeUndefined();
  },
);

test("a slot is a whole number from 0 up", () => {
  expect(parseSlot("0")).toBe(0);
  expect(parseSlot("12")).toBe(12);
  for (const text of ["", "-1", "1.0", "one", "1e3", "99999999999"]) {
    expect(() => parseSlot(text)).toThrow(expect.objectContaining({ code: "SLOT_INVALID" }));
  }
});

test("a port is from 0 to 65535, and a wrong one is reported with its option", () => {
  expect(parsePort("0", "--port")).toBe(0);
  expect(parsePort("65535", "--port")).toBe(65_535);
  for (const text of ["65536", "-1", "http", ""]) {
    expect(() => parsePort(text, "--mqtt-port")).toThrow(/^--mqtt-port must be a port/);
  }
});

test("an option that is given twice keeps both values", () => {
  expect(collect("b", collect("a", undefined))).toEqual(["a", "b"]);
});
