import { expect, test } from "vitest";
import { FleetSummary } from "./summary.js";

test("a fleet is counted by what its devices do now, and how their updates ended", () => {
  const fleet = new FleetSummary(3);
  for (const thing of ["a-1", "a-2", "a-3"]) fleet.note(thing, { event: "booted", slot: 0, trial: false });
  fleet.note("a-1", { event: "connected" });
  fleet.note("a-2", { event: "connected" });
  expect(fleet.news()).toBe("2 of 3 connected, 0 updating, 0 succeeded, 0 failed");
  fleet.note("a-2", { event: "disconnected" });
  for (const thing of ["a-1", "a-2"])
    fleet.note(thing, { event: "progress", phase: "downloading", percent: 3 });
  expect(fleet.news()).toBe("1 of 3 connected, 2 updating, 0 succeeded, 0 failed");
  fleet.note("a-1", { event: "progress", phase: "done" });
  fleet.note("a-2", { event: "progress", phase: "trial", reason: "invalid fota" });
  fleet.note("a-2", { event: "progress", phase: "trial", reason: "invalid fota" }); // repeated: no answer
  expect(fleet.news()).toBe("1 of 3 connected, 0 updating, 1 succeeded, 1 failed");
});

test("a device whose job is gone updates no longer, and neither succeeded nor failed", () => {
  const fleet = new FleetSummary(1);
  fleet.note("a-1", { event: "connected" });
  fleet.note("a-1", { event: "progress", phase: "downloading", percent: 3 });
  fleet.note("a-1", { event: "jobGone" });
  expect(fleet.news()).toBe("1 of 1 connected, 0 updating, 0 succeeded, 0 failed");
});

test("what has not changed is no news; the last of new warnings is shown once", () => {
  const fleet = new FleetSummary(1_000);
  expect(fleet.news()).toBe("0 of 1000 connected, 0 updating, 0 succeeded, 0 failed");
  expect(fleet.news()).toBeUndefined();
  fleet.note("a-1", { event: "warning", message: "no answer" });
  fleet.note("a-7", { event: "warning", message: "refused" });
  expect(fleet.news()).toMatch(/, 2 warnings \(the last: a-7: refused\)$/);
  expect(fleet.news()).toBeUndefined();
  fleet.note("a-7", { event: "connected" });
  expect(fleet.news()).toBe("1 of 1000 connected, 0 updating, 0 succeeded, 0 failed, 2 warnings");
});
