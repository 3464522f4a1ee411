import { expect, test } from "vitest";
import { remediesOf } from "../causes/next-steps.js";
import { groupCauses } from "./causes.js";
import type { ThingSummary } from "./result.js";

test.each<[what: string, reports: Partial<ThingSummary>[], commands: string[]]>([
  [
    "which slot runs",
    [
      { reason: "bad fota data", detail: "slot 1 is the running one" },
      { reason: "bad fota data", detail: "slot 0 is the running one" },
    ],
    ["publish <image> --slot 0 --to t0", "publish <image> --slot 1 --to t1"],
  ],
  [
    "the model",
    [
      { reason: "wrong-model", actual: "m2" },
      { reason: "wrong-model", actual: "m3" },
      { reason: "wrong-model", actual: "m2" },
    ],
    ["publish <image> --model m2 --to t0 --to t2", "publish <image> --model m3 --to t1"],
  ],
  [
    "the version in between",
    [
      { reason: "version-too-low", expected: "at least 1.2.0" },
      { reason: "version-too-low", expected: "at least 1.3.0" },
    ],
    ["publish <image> --fw-version 1.2.0 --to t0", "publish <image> --fw-version 1.3.0 --to t1"],
  ],
  [
    "nothing that a command names",
    [
      { reason: "self-test-failed", detail: "E1" },
      { reason: "self-test-failed", detail: "E2" },
    ],
    ["publish <image> --to t0 --to t1"],
  ],
])("things that failed alike have a command for each value of %s", (_what, reports, commands) => {
  const things = reports.map(
    (report, i): ThingSummary => ({ thing: `t${i}`, status: "FAILED", executionNumber: 1, ...report }),
  );
  const remedies = remediesOf({ jobId: "j", publish: {} }, groupCauses(things));
  expect(remedies.map(({ command }) => command.join(" "))).toEqual(commands);
});
