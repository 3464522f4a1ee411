import { expect, test } from "vitest";
import { changedKeys, gateTag, hashKeys, parseRolloutTags, stageTags } from "./rollout-tags.js";

const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const ALL_STAGE_KEYS =
  "to continuous makeGroup rollout rate ramp abortOn thingTimeout retry start end atEnd window".split(" ");
const ALL_FIRMWARE_KEYS =
  "image slot fwVersion model minVersion seq for allowDowngrade validUntil anyModel keys document".split(" ");
const valuesOf = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, `value of ${key}`]));

test("tags hold what they were made of, within AWS's limits", () => {
  const made = {
    of: { rollout: "pump-1.4.0", stage: "canary", number: 1, stages: 3 },
    firmware: hashKeys(valuesOf(ALL_FIRMWARE_KEYS)),
    stageKeys: hashKeys(valuesOf(ALL_STAGE_KEYS)),
  };
  const tags = stageTags(made);
  for (const value of Object.values(tags)) expect(value).toMatch(TAG_VALUE);
  expect(parseRolloutTags(tags)).toEqual({ ...made, gate: undefined });
});

test("a decision keeps its state and time, whatever its text", () => {
  const decided = { state: "closed", decidedAt: "2026-12-01T00:00:00Z" } as const;
  const tag = gateTag({ ...decided, text: `"check.sh": 3 > 2 % ${"x".repeat(300)}` });
  expect(Object.values(tag)[0]).toMatch(TAG_VALUE);
  const tags = { "fota:rollout": "r", "fota:stage": "2/2 all", ...tag };
  expect(parseRolloutTags(tags)?.gate).toMatchObject({
    ...decided,
    text: expect.stringMatching(/^_check.sh_: 3 _ 2 percent x+$/),
  });
});

test("the tags of other jobs are no stage", () => {
  expect(parseRolloutTags({ team: "pumps" })).toBeUndefined();
  expect(parseRolloutTags({ "fota:rollout": "r", "fota:stage": "first" })).toBeUndefined();
});

test("each changed, added and removed key is named", () => {
  const before = hashKeys({ rate: "50/min", to: ["a"], ramp: undefined, retry: "any:1" });
  expect(changedKeys(before, before)).toEqual([]);
  expect(changedKeys(before, hashKeys({ rate: "5/min", to: ["a"], start: "+2h" }))).toEqual([
    "rate",
    "retry",
    "start",
  ]);
});
