import { expect, test } from "vitest";
import { eventFormatter } from "./format.js";
import type { DeviceEvent } from "./virtual-device.js";

const plain = (_style: string, text: string) => text;

function linesOf(events: DeviceEvent[], stepPercent = 10): (string | undefined)[] {
  return events.map(eventFormatter("pump-1", plain, stepPercent));
}

const at = (percent: number): DeviceEvent => ({
  event: "progress",
  phase: "downloading",
  percent,
  bytes: percent * 1_000,
  totalBytes: 100_000,
});

test("a download is shown each step, once, and its end is told by the next phase", () => {
  const lines = linesOf([at(0), at(4), at(12), at(19), at(20), at(57), at(58), at(100)]);
  expect(lines.map((line) => /\d+ %/.exec(line ?? "")?.[0])).toEqual([
    undefined,
    undefined,
    "12 %",
    undefined,
    "20 %",
    "57 %",
    undefined,
    undefined,
  ]);
  expect(lines[0]).toBe("pump-1  downloading");
  expect(lines[2]).toMatch(/^pump-1 {2}downloading 12 % \(.+ of .+\)$/);
});

test("of many devices the download is shown in few steps", () => {
  expect(
    linesOf([at(0), at(30), at(49), at(50), at(99)], 50).filter((line) => line !== undefined),
  ).toHaveLength(2);
});

test("a second download is shown from its beginning", () => {
  const verifying: DeviceEvent = { event: "progress", phase: "verifying" };
  const lines = linesOf([at(0), at(90), verifying, at(0), at(10)]);
  expect(lines.at(-1)).toContain("downloading 10 %");
});

test("a lost connection is reported, and that it is tried again", () => {
  expect(linesOf([{ event: "disconnected" }])).toEqual(["pump-1  connection lost, retrying"]);
});
