import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { withThrottleRetry } from "./throttle-retry.js";

function retryOptions() {
  const delaysMs: number[] = [];
  const told: number[] = [];
  const given = {
    signal: new AbortController().signal,
    onWait: (delayMs: number) => told.push(delayMs),
    random: () => 1,
    sleep: async (delayMs: number) => void delaysMs.push(delayMs),
  };
  return { given, delaysMs, told };
}

/** Fails with each of `errors`, then answers. */
function failing(...errors: string[]) {
  return async () => {
    const code = errors.shift();
    if (code === undefined) return "answer";
    throw new FotaError(code as "THROTTLED", "not now");
  };
}

const CALL = { doing: "list", action: "iot:List" };

test("a throttled request is sent again after waits that double; later ones keep a distance", async () => {
  const { given, delaysMs, told } = retryOptions();
  const iot = withThrottleRetry(iotThat({}).iot, given);
  expect(await iot.call(CALL, failing())).toBe("answer");
  expect(delaysMs).toEqual([]);
  expect(await iot.call(CALL, failing("THROTTLED", "THROTTLED"))).toBe("answer");
  expect(told).toEqual([1_000, 2_000]);
  expect(delaysMs).toEqual([1_000, 200, 2_000, 200]);
  expect(await iot.call(CALL, failing())).toBe("answer");
  expect(delaysMs).toHaveLength(5);
});

test("no wait is longer than 20 s, and the eighth refusal is the last", async () => {
  const { given, told } = retryOptions();
  const iot = withThrottleRetry(iotThat({}).iot, given);
  await expect(iot.call(CALL, failing(...Array<string>(9).fill("THROTTLED")))).rejects.toMatchObject({
    code: "THROTTLED",
  });
  expect(told).toHaveLength(7);
  expect(Math.max(...told)).toBe(20_000);
});

test("another fault is not waited for", async () => {
  const { given, told } = retryOptions();
  const iot = withThrottleRetry(iotThat({}).iot, given);
  await expect(iot.call(CALL, failing("ACCESS_DENIED"))).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  expect(told).toEqual([]);
});
