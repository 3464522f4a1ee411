import { expect, test } from "vitest";
import { Pace } from "./pace.js";

const RATE = { bytesPerSecond: 100, windowMs: 10_000 };

test("a window is too slow when it brought less than the rate, and the next one begins anew", () => {
  const pace = new Pace(RATE, 100_000, 8);
  expect(pace.noteWait(9_999, 10)).toBe(false);
  expect(pace.noteWait(1, 10)).toBe(true);
  expect(pace.noteWait(10_000, 1_000)).toBe(false);
  expect(pace.noteWait(10_000, 999)).toBe(true);
});

test("a wait longer than the window is held against the rate for all of its time", () => {
  expect(new Pace(RATE, 100_000, 8).noteWait(40_000, 3_999)).toBe(true);
  expect(new Pace(RATE, 100_000, 8).noteWait(40_000, 4_000)).toBe(false);
});

test("the limit is the time of the image at the lowest rate plus some windows without a byte", () => {
  const pace = new Pace(RATE, 1_000, 2);
  pace.noteWait(10_000, 1_000);
  pace.notePause(20_000);
  expect(pace.isExhausted).toBe(false);
  pace.notePause(1);
  expect(pace.isExhausted).toBe(true);
});

test("a lowest rate of 0 takes any time", () => {
  const pace = new Pace({ bytesPerSecond: 0, windowMs: 10_000 }, 1_000, 2);
  expect(pace.noteWait(1e9, 0)).toBe(false);
  expect(pace.isExhausted).toBe(false);
});
