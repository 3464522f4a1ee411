import { expect, test } from "vitest";
import { parseWindow } from "./window.js";

const from = new Date("2026-11-24T08:00:00Z"); // a Tuesday
const parse = (text: string, end?: string) =>
  parseWindow(text, from, end === undefined ? undefined : new Date(`${end}:00Z`));

test.each(["0 2 30 2 * 60m", "0 2 31 4,6,9,11 * 60m", "0 2 31 2-2 * 60m"])(
  "a window on a date that does not exist is refused: %s",
  (text) => {
    expect(() => parse(text)).toThrow(/never opens: no such date exists/);
  },
);

test.each([
  "60 2 * * * 60m",
  "0 24 * * * 60m",
  "0 2 0 * * 60m",
  "0 2 32 * * 60m",
  "0 2 * 13 * 60m",
  "0 2 * 0 * 60m",
  "30-10 2 * * * 5m",
  "*/0 2 * * * 5m",
  "0 2 * * 8 60m",
  "0 2 * * mon-tue-wed 60m",
  "0 2,, * * * 60m",
])("a field with a number that does not exist is refused: %s", (text) => {
  expect(() => parse(text)).toThrow(/--window is when it opens/);
});

test.each([
  ["* * * * * 2m", 1],
  ["*/15 * * * * 20m", 15],
  ["0 * * * * 61m", 60],
  ["0 2,4 * * * 3h", 120],
  ["0 23,1 * * * 2h30m", undefined],
  ["0 23,1 * * * 150m", 120],
  ["0 0,23 * * * 90m", 60],
  ["0 0,23 1,2 3 * 90m", 60],
  ["0 0,23 * * 6,0 90m", 60],
] as const)("a window that opens again while it is open is refused: %s", (text, gap) => {
  const says =
    gap === undefined ? /--window is when/ : new RegExp(`opens every ${gap} min .+ overlaps itself`);
  expect(() => parse(text)).toThrow(says);
});

test.each([
  ["* * * * * 1m", "cron(* * * * ? *)"],
  ["*/15 * * * * 15m", "cron(*/15 * * * ? *)"],
  ["0 2 29 2 * 60m", "cron(0 2 29 2 ? *)"],
  ["0 2 30,31 2,3 * 60m", "cron(0 2 30,31 2,3 ? *)"],
  // The two openings are an hour apart only where a day follows the other.
  ["0 0,23 1 * * 90m", "cron(0 0,23 1 * ? *)"],
  ["0 2 * * 5-1 60m", "cron(0 2 ? * FRI,SAT,SUN,MON *)"],
  ["0 2 * * 1-7 60m", "cron(0 2 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)"],
  ["0 2 * * 0-7 60m", "cron(0 2 ? * SUN,MON,TUE,WED,THU,FRI,SAT *)"],
] as const)("%s is %s", (text, cron) => {
  expect(parse(text).cron).toBe(cron);
});

test("a window that does not open before the end is refused", () => {
  expect(() => parse("0 2 * * 0 60m", "2026-11-28T12:00")).toThrow(
    "does not open between 2026-11-24T08:00Z and --end 2026-11-28T12:00Z",
  );
  expect(() => parse("0 2 29 2 * 60m", "2028-02-28T00:00")).toThrow(/does not open between/);
  expect(() => parse("0 12 * * 6 60m", "2026-11-28T12:00")).toThrow(/does not open between/);
});

test("a window that is open at the start, or opens once before the end, is taken", () => {
  expect(parse("30 7 * * 2 60m", "2026-11-24T09:00").minutes).toBe(60);
  expect(parse("0 2 * * 0 60m", "2026-11-29T02:30").minutes).toBe(60);
  expect(() => parse("0 7 * * 2 60m", "2026-11-24T09:00")).toThrow(/does not open between/);
});
