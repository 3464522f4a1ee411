import { printable } from "@fota/shared";
import { expect, test } from "vitest";
import { FakeWorld, imageOf } from "../testing/index.js";
import { printableLog } from "./printable-log.js";

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
