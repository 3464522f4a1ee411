import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import type { Fleet } from "../fleet/result.js";
import { type MetricFacts, metricFamilies } from "./metrics.js";

const FACTS: MetricFacts = {
  fotaVersion: "1.0.0",
  overview: {},
  fleet: {},
  requests: [],
  scrapes: 1,
  openStreams: 0,
};

function fleetOf(versions: Fleet["versions"]): Fleet {
  const things = versions.reduce((sum, version) => sum + version.things, 0);
  return { source: "jobs", readAt: "2026-11-24T05:01:00.000Z", things, versions, behind: 0 };
}

function thingsIn(fleet: Fleet) {
  const families = metricFamilies({ ...FACTS, fleet: { value: fleet, readAt: new Date(0) } });
  return families.find(({ name }) => name === "fota_fleet_things")?.samples ?? [];
}

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

test("docs/dashboard.md lists exactly the metrics that exist, and Grafana uses no other", () => {
  const families = metricFamilies({ ...FACTS, fleet: { value: fleetOf([]), readAt: new Date(0) } });
  const names = families.map(({ name }) => name).sort();
  const documented = [...read("docs/dashboard.md").matchAll(/^\| `(fota_[a-z_]+)/gm)].map(([, name]) => name);
  expect(documented.sort()).toEqual(names);
  const { panels } = JSON.parse(read("examples/grafana/fota.json"));
  const used = new Set(JSON.stringify(panels).match(/fota_[a-z_]+/g));
  expect(used.size).toBeGreaterThan(8);
  expect([...used].filter((name) => !names.includes(name))).toEqual([]);
});

test("docs/dashboard.md lists the labels of each metric", () => {
  const counts = { ...NO_COUNTS, queued: 1 };
  const abort = {
    failureType: "ALL",
    thresholdPercent: 10,
    minEnded: 1,
    failures: 0,
    ended: 1,
    percent: 0,
    met: false,
  };
  const at = "2026-11-24T05:01:00.000Z";
  const job = {
    jobId: "a",
    status: "IN_PROGRESS",
    counts,
    total: 1,
    continuous: false,
    createdAt: at,
    expectedEnd: at,
  };
  const families = metricFamilies({
    ...FACTS,
    overview: {
      value: { jobs: [{ ...job, ratePerMinute: 1, abort: [abort] }], more: false },
      readAt: new Date(0),
    },
    fleet: {
      value: fleetOf([{ version: "1", things: 1, models: [{ model: "m", things: 1 }] }]),
      readAt: new Date(0),
    },
    requests: [{ service: "IoT", operation: "ListJobs", outcome: "ok", count: 1 }],
  });
  const docs = read("docs/dashboard.md");
  for (const { name, samples } of families) {
    const labels = Object.keys(samples[0]?.labels ?? {}).join(",");
    expect(docs).toContain(`\`${name}${labels === "" ? "" : `{${labels}}`}\``);
  }
});

test("a fleet with many versions gives a limited number of samples, which still add up", () => {
  const versions = Array.from({ length: 400 }, (_, i) => ({
    version: `1.0.${i}`,
    things: 2,
    models: [{ model: "m", things: 2 }],
  }));
  const samples = thingsIn(fleetOf(versions));
  expect(samples).toHaveLength(101);
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(800);
});

test("a version that is called unknown and an unknown one are one sample: Prometheus refuses two", () => {
  const models = [{ model: null, things: 1 }];
  const samples = thingsIn(
    fleetOf([
      { version: "unknown", things: 1, models },
      { version: null, things: 1, models },
    ]),
  );
  expect(samples).toEqual([{ labels: { version: "unknown", model: "unknown" }, value: 2 }]);
});

test("before the first read, the parts that were not read have no samples, and a failed read is 0", () => {
  const fault = { ...FACTS.overview, fault: Object.assign(new Error("no"), { code: "THROTTLED" }) as never };
  const families = metricFamilies({ ...FACTS, overview: fault });
  expect(families.find(({ name }) => name === "fota_dashboard_read_success")?.samples).toEqual([
    { labels: { part: "jobs" }, value: 0 },
  ]);
});
