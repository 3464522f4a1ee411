import { expect, test } from "vitest";
import { FakeWorld, imageOf } from "../testing/index.js";
import { printable, printableLog } from "./printable-log.js";

test.each([
  ["\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["\u009b31m", "\\u009b31m"],
  ["a\r\nfota: info: all is well", "a\\u000d\\u000afota: info: all is well"],
  ["\u202egnp.exe", "\\u202egnp.exe"],
  ["\u2066\u2028\u200f", "\\u2066\\u2028\\u200f"],
  ["größer, 大きい, 😀", "größer, 大きい, 😀"],
])("%j is printed as %j", (text, printed) => {
  expect(printable(text)).toBe(printed);
});

test("what the service, the broker or a document says reaches no log with its controls", async () => {
  const world = new FakeWorld({ old: imageOf(1, 5_000), new: imageOf(2, 5_000) });
  world.cloud.addJob("other", { operation: "reboot" });
  const evil = "\u001b[2J\u009b31m\nfota: info: fine";
  const { handle } = world.boot();
  const jobCallback = () => {
    throw new Error(evil);
  };
  await handle({ force: true, jobCallback });
  expect(world.logged.join("\n")).toContain("\\u001b[2J\\u009b31m\\u000afota: info: fine");
  for (const line of world.logged) expect(line).toBe(printable(line));
});

test("a line without an error has two arguments, so that a log like `console.log` prints no undefined", () => {
  const lines: unknown[][] = [];
  const log = printableLog((...line) => void lines.push(line));
  const error = new Error("lost");
  log("info", "connected");
  log("warn", "lost", error);
  log("info", "job-1: SUCCEEDED", undefined);
  expect(lines).toEqual([
    ["info", "connected"],
    ["warn", "lost", error],
    ["info", "job-1: SUCCEEDED"],
  ]);
});
