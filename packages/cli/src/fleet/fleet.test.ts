import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { openFleet, readFleet } from "./fleet.js";

const NOW = new Date("2026-11-30T12:00:00Z");
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);

/** The executions of each job, newest job first: thing, status, and the age of its last change in hours. */
type Jobs = Record<
  string,
  { document: object; executions: [thing: string, status: string, hours: number][] }
>;

function account(things: readonly string[], jobs: Jobs) {
  return iotThat({
    GetIndexingConfiguration: () => ({ thingIndexingConfiguration: { thingIndexingMode: "OFF" } }),
    ListThings: () => ({ things: things.map((thingName) => ({ thingName })) }),
    ListJobs: () => ({ jobs: Object.keys(jobs).map((jobId) => ({ jobId })) }),
    GetJobDocument: ({ jobId }) => ({ document: JSON.stringify(jobs[String(jobId)]?.document) }),
    ListJobExecutionsForJob: ({ jobId }) => ({
      executionSummaries: jobs[String(jobId)]?.executions.map(([thing, status, hours]) => ({
        thingArn: `arn:aws:iot:us-east-1:000000000000:thing/${thing}`,
        jobExecutionSummary: { status, lastUpdatedAt: hoursAgo(hours) },
      })),
    }),
    DescribeThingGroup: () => ({ thingGroupArn: "arn:aws:iot:us-east-1:000000000000:thinggroup/beta" }),
    ListThingsInThingGroup: () => ({ things: ["b", "c"] }),
  });
}

const firmware = (bc_version: string, bc_model = "m1") => ({ operation: "fota", bc_version, bc_model });

const JOBS: Jobs = {
  third: {
    document: firmware("2.0.0"),
    executions: [
      ["a", "SUCCEEDED", 1],
      ["b", "FAILED", 2],
      ["d", "IN_PROGRESS", 30],
    ],
  },
  other: { document: { operation: "reboot" }, executions: [["a", "FAILED", 0]] },
  second: {
    document: firmware("1.0.0"),
    executions: [
      ["a", "SUCCEEDED", 50],
      ["b", "SUCCEEDED", 50],
      ["d", "SUCCEEDED", 60],
    ],
  },
  first: {
    document: firmware("0.9.0"),
    executions: [
      ["c", "SUCCEEDED", 100],
      ["gone", "SUCCEEDED", 100],
    ],
  },
};

test("without reports, a thing runs the version of the last job that succeeded on it", async () => {
  const { iot } = account(["a", "b", "c", "d", "e"], JOBS);
  expect(await readFleet(iot, { now: NOW })).toEqual({
    source: "jobs",
    because: "index-off",
    readAt: NOW.toISOString(),
    things: 5,
    versions: [
      { version: "2.0.0", things: 1, models: [{ model: "m1", things: 1 }] },
      { version: "1.0.0", things: 2, models: [{ model: "m1", things: 2 }] },
      { version: "0.9.0", things: 1, models: [{ model: "m1", things: 1 }] },
      { version: null, things: 1, models: [{ model: null, things: 1 }] },
    ],
    behind: 1,
    comparedWith: [{ model: "m1", version: "1.0.0", behind: 1 }],
    failed: 1,
    stuck: 1,
    jobsRead: 3,
  });
});

test("a thing has its last firmware job, when it was seen, and why it lags", async () => {
  const { iot } = account(["e", "d", "c", "b"], JOBS);
  expect(await (await openFleet(iot, { now: NOW })).things()).toEqual([
    {
      thingName: "b",
      version: "1.0.0",
      model: "m1",
      reportedAt: hoursAgo(50).toISOString(),
      lastSeen: hoursAgo(2).toISOString(),
      lastJob: { jobId: "third", status: "FAILED", at: hoursAgo(2).toISOString() },
      lags: ["failed"],
    },
    expect.objectContaining({ thingName: "c", version: "0.9.0", lags: ["behind"] }),
    expect.objectContaining({ thingName: "d", version: "1.0.0", lags: ["stuck"] }),
    { thingName: "e" },
  ]);
});

test.each([
  [{ stragglers: true }, ["b", "c", "d"]],
  [{ version: (version: string | undefined) => version === "2.0.0" }, ["a"]],
  [{ model: "m2" }, []],
  [{ notSeenSince: hoursAgo(40) }, ["c", "e"]],
  [{ group: "beta" }, ["b", "c"]],
])("the filter %j leaves %j", async (filter, names) => {
  const { iot } = account(["a", "b", "c", "d", "e"], JOBS);
  const things = await (await openFleet(iot, { now: NOW, filter })).things();
  expect(things.map(({ thingName }) => thingName)).toEqual(names);
});

test("an account without jobs has things of unknown version, an empty one has none", async () => {
  expect(await readFleet(account(["a"], {}).iot)).toMatchObject({
    things: 1,
    versions: [{ version: null, things: 1 }],
  });
  expect(await readFleet(account([], {}).iot)).toMatchObject({ things: 0, versions: [], behind: 0 });
});
