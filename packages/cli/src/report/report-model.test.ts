import { describe, expect, test } from "vitest";
import { sampleInput } from "../../test/report-samples.js";
import { causesOf } from "../status/summary.js";
import { reportModel } from "./report-model.js";
import { reportPage } from "./report-page.js";

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 30, 1, minutes));
const modelOf = (...args: Parameters<typeof sampleInput>) => reportModel(sampleInput(...args));

describe("the verdict", () => {
  test.each([
    [{ SUCCEEDED: 2 }, { status: "COMPLETED" }, "succeeded", "All succeeded", "good"],
    [{ SUCCEEDED: 2, FAILED: 1 }, { status: "COMPLETED" }, "things-failed", "Ended with failures", "bad"],
    [{ SUCCEEDED: 2, REMOVED: 1 }, { status: "COMPLETED" }, "removed", "Ended", "warn"],
    [{ SUCCEEDED: 1, FAILED: 1, CANCELED: 8 }, { status: "CANCELED" }, "job-aborted", "Aborted", "bad"],
    [{ CANCELED: 8 }, { status: "CANCELED" }, "job-canceled", "Canceled", "off"],
    [{ IN_PROGRESS: 1, QUEUED: 1 }, {}, "in-progress", "In progress", "run"],
    [{ QUEUED: 9, FAILED: 1 }, {}, "things-failed", "Needs attention", "warn"],
    [{ QUEUED: 9 }, {}, "url-expired", "Needs attention", "warn"],
    [{}, { status: "SCHEDULED" }, "job-scheduled", "Scheduled", "wait"],
    [{}, { status: "COMPLETED" }, "group-empty", "Reached no thing", "warn"],
    [{}, { pendingTargets: 1 }, "rollout-pending", "No thing yet", "wait"],
    [{ SUCCEEDED: 5 }, { pendingTargets: 1 }, "rollout-pending", "In progress", "run"],
  ] as const)("of %j %j with %s is %s", (counts, job, cause, word, tone) => {
    expect(modelOf({ counts, job, explanation: { cause } }).verdict).toMatchObject({ word, tone });
  });

  test("has the explanation, its other findings and the next commands", () => {
    const { verdict } = modelOf({
      counts: { QUEUED: 1 },
      explanation: { also: [{ cause: "url-ends-soon", explanation: "the URL ends soon" }] },
    });
    expect(verdict).toMatchObject({
      explanation: "job fota-1-4-0-all is in progress on 120 things",
      also: ["the URL ends soon"],
      next: [{ command: "fota status fota-1-4-0-all --watch" }],
    });
  });
});

describe("progress over time", () => {
  test("counts what had happened by each time, beside the planned rate, up to the end", () => {
    const { progress } = modelOf({
      counts: { SUCCEEDED: 150, FAILED: 50 },
      job: { status: "COMPLETED", completedAt: at(60) },
    });
    expect(progress?.times.length).toBeGreaterThan(15);
    expect(progress?.reached[0]).toBe(100);
    expect(progress?.planned?.slice(0, 2)).toEqual([100, 200]);
    expect(progress?.reached.at(-1)).toBe(200);
    expect(progress?.succeeded.at(-1)).toBe(150);
    expect(progress?.failed.at(-1)).toBe(50);
    expect(progress?.times.at(-1)).toBe(at(60).getTime());
    expect(progress?.marks.map(({ label }) => label)).toEqual(["URL expires"]);
  });

  test("goes on to the expected end, without counts of the future", () => {
    const input = sampleInput({ counts: { SUCCEEDED: 150, QUEUED: 50 } });
    const expectedEnd = new Date(input.now.getTime() + 600_000).toISOString();
    const { progress } = reportModel({ ...input, summary: { ...input.summary, expectedEnd } });
    expect(progress?.marks.map(({ label }) => label)).toEqual(["now", "expected end", "URL expires"]);
    expect(progress?.succeeded.at(-1)).toBeNull();
    expect(progress?.succeeded[progress.times.indexOf(input.now.getTime())]).toBe(150);
    expect(progress?.planned?.at(-1)).toBe(200);
  });

  test("marks where a job of less than a minute has ended", () => {
    const job = { status: "COMPLETED", completedAt: new Date(at(0).getTime() + 10_000) };
    const executions = sampleInput({ counts: { SUCCEEDED: 1 } }).executions.map((each) => ({
      ...each,
      lastUpdatedAt: new Date(at(0).getTime() + 9_000).toISOString(),
    }));
    const { progress } = reportModel({ ...sampleInput({ counts: { SUCCEEDED: 1 }, job }), executions });
    expect(progress?.marks.map(({ label }) => label)).toEqual(["end", "URL expires"]);
    // All moments but the end of the axis are in the time of the job.
    expect(progress?.reached.filter((count) => count === null)).toHaveLength(1);
    expect(progress?.times.length).toBeGreaterThan(20);
  });

  test("is behind the plan only when a whole minute is missing", () => {
    const input = sampleInput({ counts: { QUEUED: 250 }, job: { pendingTargets: 1 } });
    const afterMinutes = (minutes: number) => reportModel({ ...input, now: at(minutes) }).progress;
    expect(afterMinutes(2)).toMatchObject({ isBehind: false, tookSeconds: undefined });
    expect(afterMinutes(3)).toMatchObject({ isBehind: true });
    const job = { status: "COMPLETED", completedAt: at(60) };
    expect(modelOf({ counts: { SUCCEEDED: 5 }, job }).progress).toMatchObject({ tookSeconds: 3_600 });
  });

  test("has no plan without a rate, or between windows", () => {
    const counts = { QUEUED: 5 };
    const noRate = modelOf({ counts, job: { jobExecutionsRolloutConfig: undefined } });
    expect(noRate.progress).not.toHaveProperty("planned");
    const schedulingConfig = {
      maintenanceWindows: [{ startTime: "cron(0 2 * * ? *)", durationInMinutes: 60 }],
    };
    expect(modelOf({ counts, job: { schedulingConfig } }).progress).not.toHaveProperty("planned");
  });

  test("is absent before a thing has the job", () => {
    expect(modelOf({ counts: {} })).not.toHaveProperty("progress");
  });
});

test("causes have their meaning, their fix and the command for it", () => {
  const { causes } = modelOf({ counts: { FAILED: 8, TIMED_OUT: 1 } });
  expect(causes).toMatchObject({ read: 9, failures: 9 });
  expect(causes.causes[0]).toMatchObject({
    reason: "self-test-failed",
    count: 6,
    things: ["thermostat-0001", "thermostat-0002", "thermostat-0003"],
    meaning: expect.stringContaining("self test failed"),
    advice: "fix the firmware, or the test",
    remedy: { command: "fota publish <image> --to @self-test-failed.txt" },
  });
});

test("a page shows the most frequent causes, and counts the others", () => {
  const input = sampleInput({ counts: { FAILED: 30 } });
  const executions = input.executions.map((each, i) => ({ ...each, reason: `firmware-error-${i % 11}` }));
  const model = reportModel({ ...input, executions, summary: { ...input.summary, ...causesOf(executions) } });
  const page = reportPage(model, { csvName: undefined, place: "" });
  expect(page.match(/<article><h3>3 × firmware-error-/g)).toHaveLength(8);
  expect(page).toContain("3 rarer causes are in the table of things.");
});

test("an abort rule says how many failures are left", () => {
  const left = (counts: Parameters<typeof sampleInput>[0]["counts"]) =>
    modelOf({ counts }).abort.map(({ failuresLeft, met }) => [failuresLeft, met]);
  // 10 % FAILED after 20; 25 % TIMED_OUT after 50.
  expect(left({ SUCCEEDED: 90, FAILED: 5, QUEUED: 900 })).toEqual([
    [5, false], // (5 + 5) of (95 + 5) are 10 %
    [32, false], // 32 of 127 are above 25 %, 31 of 126 below
  ]);
  expect(left({ QUEUED: 10 })).toEqual([
    [20, false],
    [50, false],
  ]);
  expect(left({ SUCCEEDED: 80, FAILED: 20 })[0]).toEqual([0, true]);
});

test("durations have bins that hold all values, and exact percentiles", () => {
  const { durations } = modelOf({ counts: { SUCCEEDED: 1_000 } });
  expect(durations?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
  expect(durations?.bins.length).toBeLessThan(20);
  for (const [i, bin] of (durations?.bins ?? []).entries()) {
    expect(bin.from).toBe(i === 0 ? 0 : durations?.bins[i - 1]?.to);
  }
  expect(durations?.p50).toBeLessThanOrEqual(durations?.p95 ?? 0);
  expect(modelOf({ counts: { SUCCEEDED: 4 } })).not.toHaveProperty("durations");
});

test("the quietest things in progress and the slowest that succeeded come first", () => {
  const { waits } = modelOf({ counts: { IN_PROGRESS: 20, SUCCEEDED: 20, QUEUED: 3 } });
  const quiet = waits.quiet.map(({ quietSeconds }) => quietSeconds);
  expect(quiet).toEqual([...quiet].sort((a, b) => b - a));
  const slow = waits.slow.map(({ seconds }) => seconds);
  expect(slow).toEqual([...slow].sort((a, b) => b - a));
  expect(waits).toMatchObject({ inProgress: 20, queued: 3, queuedSince: at(0).toISOString() });
});

describe("the table of things", () => {
  test("groups them by status, those that need attention first", () => {
    const { things } = modelOf({ counts: { SUCCEEDED: 2, QUEUED: 1, FAILED: 1 } });
    expect(things.groups.filter(({ rows }) => rows.length > 0).map(({ label }) => label)).toEqual([
      "failed",
      "queued",
      "succeeded",
    ]);
    expect(things.columns).toEqual(["Thing", "Took, min", "Report", "Last change, UTC"]);
    expect(things.groups[0]?.rows[0]).toEqual([
      "thermostat-0003",
      "7",
      "self-test-failed: sensor 3 does not answer",
      "01:07",
    ]);
  });

  test("states a report that several things share once, and those of the others in their rows", () => {
    const input = sampleInput({ counts: { FAILED: 9 } });
    const executions = input.executions.map((each, i) => ({
      ...each,
      executionNumber: i === 1 ? 2 : 1,
      reason: i < 8 ? "self-test-failed" : "odd",
      detail: i < 5 ? "no sensor" : `sensor ${i}`,
    }));
    const { things } = reportModel({ ...input, executions });
    expect(things.groups.filter(({ rows }) => rows.length > 0)).toMatchObject([
      {
        label: "failed",
        report: "self-test-failed: no sensor",
        rows: [
          ["thermostat-0000", expect.any(String), "", expect.any(String)],
          ["thermostat-0001", expect.any(String), "attempt 2", expect.any(String)],
          ...[2, 3, 4].map((i) => [`thermostat-000${i}`, expect.any(String), "", expect.any(String)]),
        ],
      },
      {
        label: "failed",
        report: "self-test-failed",
        rows: [5, 6, 7].map((i) => expect.arrayContaining([`sensor ${i}`])),
      },
      { label: "failed", rows: [expect.arrayContaining(["odd: sensor 8"])] },
    ]);
    expect(things.areReportsCut).toBe(false);
  });

  test("has the last attempt of a thing", () => {
    const input = sampleInput({ counts: { FAILED: 1 } });
    const [first] = input.executions;
    const second = { ...first, status: "SUCCEEDED" as const, executionNumber: 2, reason: undefined };
    const { things } = reportModel({ ...input, executions: [second, first] as typeof input.executions });
    expect(things.total).toBe(1);
    expect(things.groups.flatMap(({ rows }) => rows)).toEqual([
      ["thermostat-0000", "32", expect.stringContaining("attempt 2"), "01:32"],
    ]);
  });

  test("embeds 5,000 things, and all failures among them", () => {
    const { things } = modelOf({ counts: { SUCCEEDED: 7_000, FAILED: 200 } });
    expect(things).toMatchObject({ embedded: 5_000, total: 7_200 });
    expect(things.groups.filter(({ label }) => label === "failed").flatMap(({ rows }) => rows)).toHaveLength(
      200,
    );
  });
});

test("the jobs with the same firmware make a chain, the first one first", () => {
  const { history } = modelOf({ counts: { SUCCEEDED: 40 } });
  expect(history.chain.map(({ jobId, target, isThis }) => [jobId, target, isThis])).toEqual([
    ["fota-1-4-0", "group:beta", false],
    ["fota-1-4-0-all", "group:all", true],
  ]);
  expect(history.others.map(({ jobId }) => jobId)).toEqual(["fota-1-3-2"]);
});

test("versions begin with that of the job, and the rarest are counted together", () => {
  const counts = { "1.4.0": 30, "1.3.2": 900, "1.3.1": 20, "1.3.0": 19, "1.2.0": 18, "1.1.0": 8, "1.0.0": 5 };
  const versions = Object.entries(counts).map(([version, things]) => ({ version, things, models: [] }));
  const fleet = {
    source: "shadow",
    readAt: at(0).toISOString(),
    things: 1_000,
    versions,
    behind: 70,
  } as const;
  expect(modelOf({ counts: {}, fleet: { ...fleet, versions } }).fleet.versions).toEqual({
    things: 1_000,
    onVersion: 30,
    parts: [
      { label: "1.4.0", things: 30, isOfJob: true },
      ...["1.3.2", "1.3.1", "1.3.0", "1.2.0"].map((label) =>
        expect.objectContaining({ label, isOfJob: false }),
      ),
      { label: "other versions", things: 13, isOfJob: false },
    ],
  });
  expect(modelOf({ counts: {} }).fleet).toEqual({ versions: undefined, command: "fota fleet" });
});

test("facts leave out what other panels show", () => {
  const labels = modelOf({ counts: {} }).facts.map(([label]) => label);
  expect(labels).toEqual(expect.arrayContaining(["to", "model", "image", "sha256", "url", "signed"]));
  expect(labels).not.toContain("created");
});

describe("a report about 1,000 things has less than 60 kB", () => {
  const pageOf = (input: ReturnType<typeof sampleInput>) =>
    reportPage(reportModel(input), { csvName: undefined, place: "eu-west-1, account 123456789012" });
  /** Leaves what is read at most: the reports of 150 failures and of 60 things in progress. */
  const asRead = (input: ReturnType<typeof sampleInput>, textOf = (detail: string, _i: number) => detail) => {
    const left = { FAILED: 150, IN_PROGRESS: 60, TIMED_OUT: 0, REJECTED: 0 } as Record<string, number>;
    const executions = input.executions.map((execution, i): (typeof input.executions)[number] => {
      const { phase, percent, reason, detail, ...rest } = execution;
      left[execution.status] = (left[execution.status] ?? 0) - 1;
      if ((left[execution.status] ?? 0) < 0) return rest;
      return detail === undefined ? execution : { ...execution, detail: textOf(detail, i) };
    });
    const read = executions.filter(({ reason }) => reason !== undefined);
    return { ...input, executions, summary: { ...input.summary, ...causesOf(read) } };
  };

  test.each([
    { FAILED: 25, TIMED_OUT: 5, IN_PROGRESS: 120, SUCCEEDED: 700, QUEUED: 150 },
    { FAILED: 300, SUCCEEDED: 700 },
    { FAILED: 300, IN_PROGRESS: 200, SUCCEEDED: 300, QUEUED: 200 },
    { FAILED: 1_000 },
    { IN_PROGRESS: 1_000 },
  ])("with %j", (counts) => {
    expect(Buffer.byteLength(pageOf(asRead(sampleInput({ counts }))))).toBeLessThan(60_000);
  });

  test.each([
    ["alike", (_: string, i: number) => `sensor ${i} does not answer`],
    ["different", (_: string, i: number) => `${i} ${"sensor ".repeat(146)}`],
    ["different and have markup", (_: string, i: number) => `${i} ${"sensor <3> ".repeat(92)}`],
    ["different and not in Latin letters", (_: string, i: number) => `${i} ${"\u6e2c".repeat(1_020)}`],
    ["few but long", (_: string, i: number) => `${i % 8} ${"sensor ".repeat(146)}`],
  ])("with reports that are %s", (what, textOf) => {
    const input = asRead(sampleInput({ counts: { FAILED: 300, IN_PROGRESS: 60, SUCCEEDED: 640 } }), textOf);
    const page = pageOf(input);
    expect(Buffer.byteLength(page)).toBeLessThan(60_000);
    expect(page.includes("Longer reports are cut here")).toBe(what !== "alike");
  });
});

test("a report about 10,000 things takes little time", () => {
  const input = sampleInput({ counts: { FAILED: 300, IN_PROGRESS: 1_200, SUCCEEDED: 7_000, QUEUED: 1_500 } });
  const before = process.cpuUsage();
  reportPage(reportModel(input), { csvName: "things.csv", place: "" });
  const { user, system } = process.cpuUsage(before); // not by the clock: the machine may be busy with something else
  expect((user + system) / 1_000).toBeLessThan(3_000);
});

test("hostile names and reports never become markup", () => {
  const hostile = `</td></tr></table><script>alert(1)</script><img src=x onerror="alert(2)">'`;
  const page = reportPage(
    modelOf({
      counts: { FAILED: 3, IN_PROGRESS: 3, SUCCEEDED: 6 },
      nameOf: (i) => `${hostile}${i}`,
      detail: `${hostile}\u202e`,
      job: { jobId: hostile, description: hostile, status: hostile },
      explanation: { explanation: hostile, next: [{ command: hostile, why: hostile }], unknown: [hostile] },
    }),
    { csvName: `${hostile}.csv`, place: hostile },
  );
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toMatch(/<img|\u202e/);
  expect(page).toContain("&lt;img");
});
