import { expect, test } from "vitest";
import { parseRollout, parseTags, type RolloutTexts } from "./rollout.js";

const none = { abortOn: [], retries: [] };

test.each<[RolloutTexts, object]>([
  [{}, none],
  [{ rate: "50/min" }, { ...none, ratePerMinute: 50 }],
  [{ rate: "1000" }, { ...none, ratePerMinute: 1_000 }],
  [{ rate: "600/h" }, { ...none, ratePerMinute: 10 }],
  [
    { ramp: "10/min x2 after 50 succeeded" },
    { ...none, ramp: { basePerMinute: 10, factor: 2, every: 50, of: "succeeded" } },
  ],
  [
    { ramp: "10 x 1.5 every 100 notified", rate: "200/min" },
    { ...none, ratePerMinute: 200, ramp: { basePerMinute: 10, factor: 1.5, every: 100, of: "notified" } },
  ],
  [
    { abortOn: ["failed>10% after 20", "any >= 12.5 % after 100"] },
    {
      ...none,
      abortOn: [
        { failure: "FAILED", percent: 10, minThings: 20 },
        { failure: "ALL", percent: 12.5, minThings: 100 },
      ],
    },
  ],
  [{ thingTimeout: "30m" }, { ...none, timeoutMinutes: 30 }],
  [{ thingTimeout: "7d" }, { ...none, timeoutMinutes: 10_080 }],
  [
    { retry: "failed:2,timed-out:1", thingTimeout: "1h" },
    {
      ...none,
      timeoutMinutes: 60,
      retries: [
        { failure: "FAILED", count: 2 },
        { failure: "TIMED_OUT", count: 1 },
      ],
    },
  ],
  [{ retry: "any:3" }, { ...none, retries: [{ failure: "ALL", count: 3 }] }],
])("%j", (texts, rollout) => {
  expect(parseRollout(texts)).toEqual(rollout);
});

test.each<[RolloutTexts, RegExp]>([
  [{ rate: "0" }, /--rate/],
  [{ rate: "1001/min" }, /--rate/],
  [{ rate: "50/h" }, /--rate/],
  [{ rate: "fast" }, /--rate/],
  [{ ramp: "10" }, /--ramp/],
  [{ ramp: "10/min x1 after 50 succeeded" }, /--ramp/],
  [{ ramp: "10/min x6 after 50 succeeded" }, /--ramp/],
  [{ ramp: "10/min x2 after 0 succeeded" }, /--ramp/],
  [{ ramp: "100/min x2 after 5 notified", rate: "50" }, /over --rate 50\/min/],
  [{ abortOn: ["failed>101% after 20"] }, /--abort-on/],
  [{ abortOn: ["failed>0% after 20"] }, /--abort-on/],
  [{ abortOn: ["failed>10%"] }, /--abort-on/],
  [{ abortOn: ["succeeded>10% after 20"] }, /--abort-on/],
  [{ abortOn: ["failed>10.123% after 20"] }, /--abort-on/],
  [{ thingTimeout: "30s" }, /--thing-timeout/],
  [{ thingTimeout: "90s" }, /--thing-timeout/],
  [{ thingTimeout: "8d" }, /--thing-timeout/],
  [{ retry: "failed" }, /--retry/],
  [{ retry: "failed:11" }, /--retry/],
  [{ retry: "failed:6,timed-out:5", thingTimeout: "1h" }, /--retry/],
  [{ retry: "rejected:1" }, /--retry/],
  [{ retry: "any:1,failed:1" }, /--retry/],
  [{ retry: "failed:1,failed:2" }, /--retry/],
  [{ retry: "timed-out:1" }, /needs --thing-timeout/],
])("%j is refused", (texts, says) => {
  expect(() => parseRollout(texts)).toThrow(
    expect.objectContaining({ code: "ROLLOUT_INVALID", message: expect.stringMatching(says) }),
  );
});

test("tags are keys and values, the value may hold =", () => {
  expect(parseTags(["team=pumps", "note=a=b", "empty="])).toEqual({ team: "pumps", note: "a=b", empty: "" });
});

test.each(["=x", "aws:x=y", `k${"k".repeat(128)}=v`, `k=${"v".repeat(257)}`, "k=<v>"])(
  "%j is no tag",
  (text) => {
    expect(() => parseTags([text])).toThrow(/--tag/);
  },
);
