import { FotaError } from "@fota/shared";
import { expect, test, vi } from "vitest";
import { type Outages, throughOutages } from "./outages.js";

const outage = new FotaError("ENDPOINT_UNREACHABLE", "cannot reach AWS IoT");

/** Sleeps in no time, on a clock of its own. */
function ports(wait: boolean) {
  let nowMs = 0;
  const sleep = async (delayMs: number) => {
    nowMs += delayMs;
  };
  const onOutage = vi.fn();
  return { wait, onOutage, sleep, nowMs: () => nowMs } satisfies Outages;
}

test("a task is repeated through an outage, which is reported once", async () => {
  const task = vi.fn<() => Promise<string>>();
  task.mockRejectedValueOnce(outage).mockRejectedValueOnce(outage).mockResolvedValueOnce("read");
  const outages = ports(true);
  expect(await throughOutages(task, outages)).toBe("read");
  expect(outages.onOutage.mock.calls).toEqual([[outage]]);
  expect(outages.nowMs()).toBe(10_000);
});

test("an outage of more than an hour is an error", async () => {
  const outages = ports(true);
  await expect(throughOutages(() => Promise.reject(outage), outages)).rejects.toBe(outage);
  expect(outages.nowMs()).toBe(3_605_000);
});

test.each([
  ["another error", new FotaError("ACCESS_DENIED", "no"), true],
  ["an outage of a run that does not wait", outage, false],
])("%s is reported at once", async (_what, error, wait) => {
  const task = vi.fn(async () => Promise.reject(error));
  await expect(throughOutages(task, ports(wait))).rejects.toBe(error);
  expect(task).toHaveBeenCalledTimes(1);
});
