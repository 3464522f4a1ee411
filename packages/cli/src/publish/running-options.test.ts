import { expect, test } from "vitest";
import { runningOptions } from "./running-options.js";

function read(options: Parameters<typeof runningOptions>[0]) {
  const { running, job } = runningOptions(options);
  return { waitMs: running.timeoutMs, job };
}

test.each([
  ["nothing is limited", { wait: true }, undefined, {}],
  [
    "--timeout beside --thing-timeout limits the wait",
    { wait: true, timeout: "2m", thingTimeout: "9m" },
    120_000,
    { thingTimeout: "9m" },
  ],
  ["with --wait, --timeout limits the wait", { wait: true, timeout: "30m" }, 1_800_000, {}],
  ["--wait-timeout limits the wait", { wait: true, waitTimeout: "2m" }, 120_000, {}],
  ["without --wait, --timeout is of one thing, as before", { timeout: "30m" }, undefined, { timeout: "30m" }],
  [
    "beside --wait-timeout it is too",
    { wait: true, timeout: "30m", waitTimeout: "2h" },
    7_200_000,
    { timeout: "30m" },
  ],
])("%s", (_what, options, waitMs, job) => {
  expect(read(options)).toEqual({ waitMs, job });
});

test.each([
  [{ waitTimeout: "2m" }, "--wait-timeout limits how long to wait, and --wait is not given"],
  [{ timeout: "2m", thingTimeout: "2m" }, "--timeout limits how long to wait, and --wait is not given"],
  [{ wait: true, waitTimeout: "soon" }, '--wait-timeout must be a duration, got "soon"'],
  [{ wait: true, timeout: "soon" }, '--timeout must be a duration, got "soon"'],
  [{ wait: true, dryRun: true }, "--wait follows a job"],
])("%j is refused", (options, message) => {
  expect(() => read(options)).toThrow(message);
});
