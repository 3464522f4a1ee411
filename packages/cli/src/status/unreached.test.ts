import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { findUnreached, type Unreached, unreachedText } from "./unreached.js";

const arn = (kind: string, name: string) => `arn:aws:iot:eu-west-1:123456789012:${kind}/${name}`;
const named = (from: number, count: number) => Array.from({ length: count }, (_, i) => `pump-${from + i}`);
const ofThings = named(1, 3).map((name) => arn("thing", name));
const ofGroup = [arn("thinggroup", "pumps")];

/** A group with these things, and a job with executions on these. */
function account(members: readonly string[], reached: readonly string[]) {
  return iotThat({
    ListThingsInThingGroup: () => ({ things: members }),
    ListJobExecutionsForJob: () => ({
      executionSummaries: reached.map((thing) => ({
        thingArn: arn("thing", thing),
        jobExecutionSummary: { status: "SUCCEEDED", executionNumber: 1 },
      })),
    }),
  });
}

const canceled = (targetArns: readonly string[], total: number) => ({
  jobId: "j",
  status: "CANCELED",
  targetArns,
  total,
});

test("the things of a group without an execution are counted, whatever has left the group since", async () => {
  const { iot } = account(named(3, 38), named(1, 15)); // pump-1 and pump-2 have left
  expect(await findUnreached(iot, canceled(ofGroup, 15))).toEqual({
    things: 25,
    ofThings: 38,
    isExact: true,
  });
});

test("a thing that was retried is one thing", async () => {
  const { iot } = account([], ["pump-1", "pump-1", "pump-2"]);
  expect(await findUnreached(iot, canceled(ofThings, 3))).toEqual({ things: 1, ofThings: 3, isExact: true });
});

test("executions that are known are not listed again", async () => {
  const { iot, asked } = account(named(1, 40), []);
  const found = await findUnreached(iot, canceled(ofGroup, 15), named(1, 15));
  expect(found).toEqual({ things: 25, ofThings: 40, isExact: true });
  expect(asked).toEqual(["ListThingsInThingGroup"]);
});

test("of more than 1,000 executions, the counts give a lower limit without a list of them", async () => {
  const { iot, asked } = account(named(1, 5_000), []);
  expect(await findUnreached(iot, canceled(ofGroup, 1_541))).toEqual({
    things: 3_459,
    ofThings: 5_000,
    isExact: false,
  });
  expect(asked).toEqual(["ListThingsInThingGroup"]);
});

test("a group that is too large, or may not be read, leaves the number unknown", async () => {
  const unknown = { things: null, ofThings: null, isExact: false };
  const { iot } = account(named(1, 11_000), []);
  expect(await findUnreached(iot, canceled(ofGroup, 5))).toEqual({
    ...unknown,
    unknown: "more than 10000 things",
  });
  const { iot: refusing } = iotThat({
    ListThingsInThingGroup: () => {
      throw new FotaError("AWS_ERROR", "the group was deleted");
    },
  });
  expect(await findUnreached(refusing, canceled(ofGroup, 5))).toEqual({
    ...unknown,
    unknown: "the group was deleted",
  });
});

test.each([
  ["a job in progress", { ...canceled(ofGroup, 5), status: "IN_PROGRESS" }],
  ["a job that reached no thing", canceled(ofGroup, 0)],
])("%s takes no request", async (_what, job) => {
  const { iot, asked } = account([], []);
  expect(await findUnreached(iot, job)).toBeUndefined();
  expect(asked).toEqual([]);
});

const LIMIT: Unreached = { things: 3_459, ofThings: 5_000, isExact: false };

test.each<[what: string, arns: readonly string[], total: number, Unreached | undefined, RegExp]>([
  [
    "a number",
    ofGroup,
    15,
    { things: 25, ofThings: 40, isExact: true },
    /^canceled: 25 of the 40 things in its/,
  ],
  [
    "one",
    ofGroup,
    15,
    { things: 1, ofThings: 16, isExact: true },
    /^canceled: 1 of the 16 things in its targets never got it, and is not counted$/,
  ],
  [
    "a limit",
    ofGroup,
    1_541,
    LIMIT,
    /^canceled: at least 3459 of the 5000 things in its targets never got it/,
  ],
  [
    "an unknown number",
    ofGroup,
    5,
    { things: null, ofThings: null, isExact: false, unknown: "more than 10000 things" },
    /^canceled: things that it had not reached .* not counted \(more than 10000 things\)$/,
  ],
  ["what was not read", ofGroup, 541, undefined, /^canceled: things that it had not reached never got it/],
  [
    "more executions than things, of which some were retried",
    ofGroup,
    1_541,
    { things: 0, ofThings: 1_540, isExact: false },
    /^canceled: things that it had not reached never got it/,
  ],
])(
  "a canceled job with %s of things that it never reached tells of them",
  (_what, targetArns, total, unreached, text) => {
    expect(unreachedText({ status: "CANCELED", targetArns, total }, unreached)).toMatch(text);
  },
);

test.each<[what: string, status: string, arns: readonly string[], total: number, Unreached | undefined]>([
  ["a job that reached all its things", "CANCELED", ofThings, 3, undefined],
  [
    "a job whose things were all found reached",
    "CANCELED",
    ofGroup,
    9,
    { things: 0, ofThings: 8, isExact: true },
  ],
  [
    "a job with an execution for each thing",
    "CANCELED",
    ofGroup,
    2_000,
    { things: 0, ofThings: 2_000, isExact: false },
  ],
  ["a job that reached no thing", "CANCELED", ofGroup, 0, undefined],
  ["a job in progress", "IN_PROGRESS", ofThings, 1, undefined],
  ["a job that ended by itself", "COMPLETED", ofGroup, 9, undefined],
])("%s tells of none", (_what, status, targetArns, total, unreached) => {
  expect(unreachedText({ status, targetArns, total }, unreached)).toBeUndefined();
});
