import { expect, test } from "vitest";
import type { Iot } from "../aws/iot.js";
import { pacedIot } from "./paced-iot.js";

/** An `Iot` with five requests per second, whose time passes only in `sleep`. */
function openPaced(sleeps: number[], fails = false) {
  const iot = { call: (_call: unknown, request: () => unknown) => request() } as unknown as Iot;
  return pacedIot(iot, 5, new AbortController().signal, {
    nowMs: () => 1_000,
    async sleep(delayMs) {
      sleeps.push(delayMs);
      if (fails) throw new Error("aborted");
    },
  });
}

test("requests of one operation start 200 ms after each other, and none waits for another operation", async () => {
  const sleeps: number[] = [];
  const paced = openPaced(sleeps);
  const ask = (action: string) => paced.call({ doing: "", action }, async () => action);
  const answers = ["iot:DescribeJob", "iot:DescribeJob", "iot:ListJobs", "iot:DescribeJob"].map(ask);
  expect(await Promise.all(answers)).toHaveLength(4);
  expect(sleeps).toEqual([200, 400]);
});

test("an interruption ends the wait", async () => {
  const paced = openPaced([], true);
  const ask = () => paced.call({ doing: "", action: "iot:ListJobs" }, async () => 1);
  expect(await ask()).toBe(1);
  await expect(ask()).rejects.toMatchObject({ code: "INTERRUPTED" });
});
