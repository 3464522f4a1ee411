import { FotaError } from "@fota/shared";
import { expect, test } from "vitest";
import { iotThat } from "../../test/service-that.js";
import { openFleet, readFleet } from "./fleet.js";

const NOW = new Date("2026-11-30T12:00:00Z");
const VERSION = "shadow.name.fota.reported.version";
const MODEL = "shadow.name.fota.reported.model";
const INDEXED = {
  thingIndexingConfiguration: {
    thingIndexingMode: "REGISTRY",
    thingConnectivityIndexingMode: "STATUS",
    namedShadowIndexingMode: "ON",
    filter: { namedShadowNames: ["fota"] },
  },
};

/** A fleet of 100,000 things that the index can count: m1 with 1.0.0 and 2.0.0, m2 with 1.0.0, and some unknown. */
function largeFleet() {
  const counts: Record<string, Record<string, number>> = {
    [`* ${VERSION}`]: { "1.0.0": 30_000, "2.0.0": 60_000 },
    [`* ${MODEL}`]: { m1: 70_000, m2: 15_000 },
    [`${MODEL}:"m1" ${VERSION}`]: { "1.0.0": 10_000, "2.0.0": 60_000 },
    [`${MODEL}:"m2" ${VERSION}`]: { "1.0.0": 15_000 },
  };
  return iotThat({
    GetIndexingConfiguration: () => INDEXED,
    SearchIndex: () => ({ things: [{ thingName: "any" }] }),
    GetStatistics: ({ queryString }) => ({ statistics: { count: queryString === "*" ? 100_000 : 90_000 } }),
    GetBucketsAggregation: ({ queryString, aggregationField }) => {
      const found = counts[`${String(queryString)} ${String(aggregationField)}`];
      if (found === undefined) throw new Error(`not expected: ${queryString} ${aggregationField}`);
      return { buckets: Object.entries(found).map(([keyValue, count]) => ({ keyValue, count })) };
    },
  });
}

test("the counts of 100,000 things take a few requests", async () => {
  const { iot, asked } = largeFleet();
  expect(await readFleet(iot, { now: NOW })).toEqual({
    source: "shadow",
    readAt: NOW.toISOString(),
    things: 100_000,
    connected: 90_000,
    versions: [
      { version: "2.0.0", things: 60_000, models: [{ model: "m1", things: 60_000 }] },
      {
        version: "1.0.0",
        things: 30_000,
        models: [
          { model: "m2", things: 15_000 },
          { model: "m1", things: 10_000 },
          { model: null, things: 5_000 },
        ],
      },
      { version: null, things: 10_000, models: [{ model: null, things: 10_000 }] },
    ],
    behind: 10_000, // m2 has no newer version than 1.0.0
    comparedWith: [{ model: "m1", version: "2.0.0", behind: 10_000 }],
  });
  expect(asked.length).toBeLessThan(12);
});

test("version and model narrow the counts without a request for each thing", async () => {
  const { iot, asked } = largeFleet();
  const version = (text: string | undefined) => text === "1.0.0";
  expect(await readFleet(iot, { now: NOW, filter: { version, model: "m1" } })).toMatchObject({
    things: 10_000,
    versions: [{ version: "1.0.0", things: 10_000 }],
    behind: 10_000,
    comparedWith: [{ model: "m1", version: "2.0.0", behind: 10_000 }],
  });
  expect(asked.length).toBeLessThan(12);
});

test("a list of some versions asks the index for these alone", async () => {
  const queries: string[] = [];
  const { iot } = largeFleet();
  const send = iot.client.send.bind(iot.client) as (command: { input: object }) => Promise<object>;
  iot.client.send = (async (command: { input: { queryString?: string; maxResults?: number } }) => {
    const { queryString = "", maxResults } = command.input;
    if (command.constructor.name !== "SearchIndexCommand" || maxResults === 1) return await send(command);
    queries.push(queryString);
    return { things: [] };
  }) as never;
  const version = (text: string | undefined) => text === "1.0.0";
  const reader = await openFleet(iot, { now: NOW, filter: { version, model: "m1" }, lastJobs: false });
  expect(await reader.things()).toEqual([]);
  expect(queries).toEqual([`${MODEL}:"m1" AND ${VERSION}:("1.0.0")`]);
});

const named = (version: string, more: object = {}) =>
  JSON.stringify({
    name: {
      fota: {
        reported: { version, model: "m1", slot: 1, ...more },
        metadata: { reported: { version: { timestamp: NOW.getTime() / 1000 - 3_600 } } },
      },
    },
  });

/** A fleet whose shadow fields are not custom fields: things come one by one. */
function smallFleet() {
  const cannotAggregate = Object.assign(new Error("not a custom field"), {
    name: "InvalidAggregationException",
  });
  return iotThat({
    GetIndexingConfiguration: () => INDEXED,
    SearchIndex: () => ({
      things: [
        { thingName: "c", shadow: "{torn", connectivity: { connected: false } },
        { thingName: "b", shadow: named("1.0.0", { slot: "x" }), thingGroupNames: ["beta"] },
        {
          thingName: "a",
          shadow: named("2.0.0"),
          connectivity: { connected: false, timestamp: NOW.getTime() - 60_000 },
        },
        { thingName: "d", shadow: named("2.0.0"), connectivity: { connected: true, timestamp: 5 } },
      ],
    }),
    GetBucketsAggregation: () => {
      throw cannotAggregate;
    },
    ListJobExecutionsForThing: ({ thingName }) => ({
      executionSummaries:
        thingName === "d"
          ? [{ jobId: "j", jobExecutionSummary: { status: "TIMED_OUT", lastUpdatedAt: NOW } }]
          : [],
    }),
  });
}

test("an index that cannot aggregate is read thing by thing", async () => {
  expect(await readFleet(smallFleet().iot, { now: NOW })).toMatchObject({
    things: 4,
    connected: 1,
    behind: 1,
    failed: 1,
    versions: [
      { version: "2.0.0", things: 2 },
      { version: "1.0.0", things: 1 },
      { version: null, things: 1 },
    ],
  });
});

test("a thing has what it reported, its groups, when it was last seen, and its last job", async () => {
  const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
  expect(await (await openFleet(smallFleet().iot, { now: NOW })).things()).toEqual([
    {
      thingName: "a",
      version: "2.0.0",
      model: "m1",
      slot: 1,
      reportedAt: minutesAgo(60),
      connected: false,
      lastSeen: minutesAgo(1),
    },
    {
      thingName: "b",
      version: "1.0.0",
      model: "m1",
      groups: ["beta"],
      reportedAt: minutesAgo(60),
      lastSeen: minutesAgo(60),
      lags: ["behind"],
    },
    { thingName: "c", connected: false },
    expect.objectContaining({
      thingName: "d",
      connected: true,
      lastSeen: NOW.toISOString(),
      lastJob: { jobId: "j", status: "TIMED_OUT", at: NOW.toISOString() },
      lags: ["failed"],
    }),
  ]);
});

test("without a report in the shadow, the package is read; without either, jobs", async () => {
  const asked: unknown[] = [];
  const account = (found: RegExp) =>
    iotThat({
      GetIndexingConfiguration: () => ({
        thingIndexingConfiguration: {
          ...INDEXED.thingIndexingConfiguration,
          filter: { namedShadowNames: ["fota", "$package"] },
        },
      }),
      SearchIndex: ({ queryString }) => {
        asked.push(queryString);
        const shadow = JSON.stringify({ name: { $package: { reported: { fw: { version: "3.1" } } } } });
        return { things: found.test(String(queryString)) ? [{ thingName: "a", shadow }] : [] };
      },
      ListThings: () => ({ things: [] }),
      ListJobs: () => ({ jobs: [] }),
    });
  const ofPackage = await openFleet(account(/^\*$|package/).iot, { package: "fw", lastJobs: false });
  expect(ofPackage.head).toMatchObject({ source: "package", package: "fw" });
  expect(await ofPackage.things()).toEqual([{ thingName: "a", version: "3.1" }]);
  expect(asked).toContain("shadow.name.$package.reported.fw.version:*");
  expect(await readFleet(account(/nothing/).iot, { package: "fw" })).toMatchObject({
    source: "jobs",
    because: "no-reports",
  });
});

test.each([
  ["IndexNotReadyException", "index-building"],
  ["AccessDeniedException", "denied"],
])("while a search ends with %s, jobs are read: %s", async (name, because) => {
  const { iot } = iotThat({
    GetIndexingConfiguration: () => INDEXED,
    SearchIndex: () => {
      throw name === "AccessDeniedException"
        ? new FotaError("ACCESS_DENIED", "no")
        : Object.assign(new Error("not ready"), { name });
    },
    ListThings: () => ({ things: [{ thingName: "a" }] }),
    ListJobs: () => ({ jobs: [] }),
  });
  expect(await readFleet(iot)).toMatchObject({ source: "jobs", because, things: 1 });
});

test("a thing that was deleted, and that the index still has, has no job", async () => {
  const { iot } = iotThat({
    GetIndexingConfiguration: () => INDEXED,
    SearchIndex: () => ({ things: [{ thingName: "gone", shadow: named("1.0.0") }] }),
    ListJobExecutionsForThing: () => {
      throw Object.assign(new Error("no thing"), { name: "ResourceNotFoundException" });
    },
  });
  expect(await (await openFleet(iot)).things()).toMatchObject([{ thingName: "gone", version: "1.0.0" }]);
});
