import { expect, test } from "vitest";
import { formatLive } from "./line.js";

const LIVE = { link: "connected", problem: null, progress: null, waitingSeconds: null } as const;

test.each([
  [{}, "connected to the broker, no update in progress"],
  [{ link: "opening" }, "waiting for the slots"],
  [{ link: "connecting", problem: "connect ECONNREFUSED" }, "connecting to the broker: connect ECONNREFUSED"],
  [{ progress: { phase: "downloading", percent: 37 } }, "update downloading 37 %"],
  [
    { progress: { phase: "installing", detail: "the pump is running" }, waitingSeconds: 300 },
    "update installing, continues within 300 s: the pump is running",
  ],
  [
    { link: "disconnected", progress: { phase: "verifying" } },
    "update verifying (disconnected from the broker)",
  ],
] as const)("%j reads %j", (live, line) => {
  expect(formatLive({ ...LIVE, ...live })).toBe(line);
});
