import { expect, test } from "vitest";
import { formatStatus } from "./format.js";
import type { Status } from "./result.js";

const status: Status = {
  thing: "pump-1",
  endpoint: "broker.example.com",
  model: null,
  version: "1.0.0",
  slot: 0,
  boot: "confirmed",
  nextSlot: 0,
  workingSlot: 0,
  phase: "consulting",
  jobId: "j-1",
  targetVersion: "1.1.0",
  last: null,
  daemon: {
    link: "connected",
    problem: null,
    progress: {
      phase: "starting",
      detail: "beforeDownload deferred the update for 90 s: outside 03:00-05:00 UTC",
    },
    waitingSeconds: 70,
  },
  agent: "0.1.0",
};

test("a deferred update shows why it waits, and for how long still", () => {
  expect(formatStatus(status)).toContain(
    "update   consulting, version 1.1.0, job j-1; continues in 70 s: beforeDownload deferred the update for 90 s: outside 03:00-05:00 UTC\n",
  );
});
