import { commandLine } from "@fota/shared";
import { expect, test } from "vitest";
import { formatCounts } from "./fleet.js";
import { formatSummary, formatThings, type View } from "./format.js";
import type { JobSummary, ThingSummary } from "./result.js";

const plain = (_style: string, text: string) => text;

const view = (columns: number): View => ({
  paint: plain,
  columns,
  fota: (...command) => commandLine(command, ["--local"]),
  time: (iso) => iso.slice(0, 10),
  publish: {},
});

const summary: JobSummary = {
  jobId: "fota-1",
  status: "IN_PROGRESS",
  continuous: false,
  counts: {
    queued: 4,
    inProgress: 1,
    succeeded: 2,
    failed: 1,
    timedOut: 0,
    rejected: 0,
    removed: 0,
    canceled: 0,
  },
  total: 8,
};

function thing(name: string, status: ThingSummary["status"], more: Partial<ThingSummary> = {}): ThingSummary {
  return { thing: name, status, executionNumber: 1, ...more };
}

test("counts name only what there is", () => {
  expect(formatCounts(summary, plain)).toBe("2 succeeded, 1 failed, 1 in progress, 4 queued of 8");
});

test("a rollout that has not reached all yet does not look complete", () => {
  const rolling = { ...summary, targetsToGo: 20 };
  expect(formatCounts(rolling, plain)).toMatch(/ of 8 so far$/);
  expect(formatSummary(rolling, view(80))).toContain("rollout  20 targets not fully reached yet");
});

test("the bar is as long as it may be, each part by its share", () => {
  expect(formatSummary(summary, view(20)).split("\n")).toContain("  ████▓▓▒▒░░░░░░░░");
});

test("the headline is the outcome, with AWS's own word behind it, below a job id that leaves no room", () => {
  const outcome = "1 of 8 failed, 2 done, 1 in progress, 4 queued  IN_PROGRESS";
  expect(formatSummary(summary, view(80)).split("\n")[0]).toBe(`job fota-1  ${outcome}`);
  expect(formatSummary(summary, view(70)).split("\n").slice(0, 2)).toEqual(["job fota-1", `  ${outcome}`]);
});

test("a job that no thing has yet says so", () => {
  const counts = { ...summary.counts, queued: 0, inProgress: 0, succeeded: 0, failed: 0 };
  expect(formatSummary({ ...summary, counts, total: 0 }, view(80))).toMatch(/no thing has it yet$/);
  const ended = formatSummary({ ...summary, status: "COMPLETED", counts, total: 0 }, view(80));
  expect(ended).toMatch(/reached no thing.*no thing got it$/s);
});

test("a job tells its pace, its rules, its causes and the next command, within the line", () => {
  const full: JobSummary = {
    ...summary,
    description: "Thermostat 1.4.0",
    createdAt: "2026-11-24T10:00:00.000Z",
    ratePerMinute: 12.4,
    expectedEnd: "2026-11-25T10:00:00.000Z",
    abort: [
      {
        failureType: "FAILED",
        thresholdPercent: 10,
        minEnded: 20,
        failures: 1,
        ended: 3,
        percent: 33.33,
        met: false,
      },
    ],
    causes: [{ status: "FAILED", reason: "digest-mismatch", count: 1, things: ["pump-1"] }],
    causesRead: 1,
  };
  const text = formatSummary(full, view(100));
  expect(text.split("\n").slice(1)).toEqual([
    "Thermostat 1.4.0",
    "",
    expect.stringMatching(/^ {2}█{15}▓{8}▒{7}░{30}$/),
    "  2 succeeded, 1 failed, 1 in progress, 4 queued of 8",
    "",
    "  created   2026-11-24",
    "  rate      12 ended a minute",
    "  expected  to end 2026-11-25, at the current rate",
    "  aborts    at 10 % FAILED after 20 ended; now 1 of 3 are 33.33 %",
    "",
    "causes of failure",
    "  1  FAILED  digest-mismatch",
    "     pump-1",
    "",
    "next: fota show fota-1 --local",
    "      checks whether the object in S3 is still the image; if it is, the storage of the device is",
    "      failing",
    "next: fota why fota-1 --thing pump-1 --local",
    "      explains why pump-1 did not succeed",
  ]);
  for (const line of formatSummary(full, view(50)).split("\n")) expect(line.length).toBeLessThanOrEqual(50);
  expect(formatSummary({ ...full, status: "CANCELED" }, view(100))).toContain(
    "; in the end 1 of 3 are 33.33 %",
  );
  const abort = full.abort?.map((rule) => ({ ...rule, failures: 0, ended: 0, percent: null }));
  expect(formatSummary({ ...full, abort }, view(100))).toContain("; none has ended yet");
  expect(formatSummary({ ...full, abort, status: "CANCELED" }, view(100))).toContain("; none ended before");
});

test.each([
  [{ bytes: 3_145_728, imageBytes: 4_194_304, things: 4 }, "3.0 MiB of 4.0 MiB by patches, on 4 things"],
  [
    { bytes: -2_048, imageBytes: 4_194_304, things: 1 },
    "nothing: patches cost 2.0 KiB more than the images, on 1 thing",
  ],
])("what patches saved: %o", (saved, text) => {
  expect(formatSummary({ ...summary, saved }, view(100))).toContain(`  saved  ${text}\n`);
});

test("what patches saved on a sample says so; all things that succeeded are no sample", () => {
  const saved = { bytes: 3_145_728, imageBytes: 4_194_304, things: 4, read: 5 };
  const textFor = (succeeded: number) =>
    formatSummary({ ...summary, counts: { ...summary.counts, succeeded }, saved }, view(100));
  expect(textFor(50)).toContain("by patches, on 4 things (a sample: 5 of the 50 that succeeded)\n");
  expect(textFor(5)).toContain("by patches, on 4 things\n");
});

test("a sample of causes says so, with the command that reads more", () => {
  const counts = { ...summary.counts, failed: 500 };
  const causes = [{ status: "FAILED" as const, reason: null, phase: "trial", count: 1, things: ["pump-1"] }];
  const text = formatSummary({ ...summary, counts, total: 507, causes, causesRead: 1 }, view(100));
  expect(text).toContain("causes of failure (a sample: 1 of 500)\n");
  expect(text.split("\n").slice(-4)).toEqual([
    "next: fota status fota-1 --failed --local",
    "      lists all 500 failures; of 1 whose cause was read, 1 has no cause, in phase trial",
    "next: fota why fota-1 --local",
    "      explains the causes and what to do",
  ]);
  expect(text).toContain("  1  FAILED  while trial\n     pump-1");
});

test("what a device says begins no line of its own", () => {
  const failed = thing("pump-1", "FAILED", { reason: "digest-mismatch", detail: "ab\r\nc" });
  expect(formatThings([failed], plain, 80)).toBe("  pump-1  FAILED  digest-mismatch: ab c");
});

test("each thing has one line that ends in its progress or its cause", () => {
  const things = [
    thing("pump-1", "QUEUED"),
    thing("pump-22", "IN_PROGRESS", { phase: "downloading", percent: 42 }),
    thing("pump-3", "SUCCEEDED", { running: "1.4.0" }),
    thing("pump-4", "FAILED", { reason: "self-test-failed", detail: "no sensor" }),
    thing("pump-5", "TIMED_OUT"),
    thing("pump-6", "IN_PROGRESS", { phase: "starting", detail: "outside 03:00-05:00 UTC" }),
  ];
  expect(formatThings(things, plain, 80).split("\n")).toEqual([
    "  pump-1   QUEUED       waiting for the thing",
    "  pump-22  IN_PROGRESS  downloading 42 %",
    "  pump-3   SUCCEEDED    runs 1.4.0",
    "  pump-4   FAILED       self-test-failed: no sensor",
    "  pump-5   TIMED_OUT",
    "  pump-6   IN_PROGRESS  starting: outside 03:00-05:00 UTC",
  ]);
});

test("a cause is never cut: it goes on beside the name, or below it where there is no room", () => {
  const detail = "the image is for another model, and its text goes on and on";
  const failed = thing("pump-1", "FAILED", { reason: "wrong-model", detail, expected: "v2", actual: "v1" });
  expect(formatThings([failed], plain, 60).split("\n")).toEqual([
    "  pump-1  FAILED  wrong-model: the image is for another",
    "                  model, and its text goes on and on",
    "                  (expected v2, actual v1)",
  ]);
  const narrow = formatThings([failed], plain, 30).split("\n");
  expect(narrow.join(" ").replace(/\s+/g, " ")).toContain(`wrong-model: ${detail} (expected v2, actual v1)`);
  for (const line of narrow) expect(line.length).toBeLessThanOrEqual(30);
});

test("a digest is no part of a cause", () => {
  const sides = { expected: "a".repeat(64), actual: "b".repeat(64) };
  const failed = thing("pump-1", "FAILED", { reason: "digest-mismatch", ...sides });
  expect(formatThings([failed], plain, 80)).toBe("  pump-1  FAILED  digest-mismatch");
});

test("grouped causes are whole, and wrapped", () => {
  const detail = "connect ECONNREFUSED after 8 attempts without progress";
  const causes = [
    { status: "FAILED" as const, reason: "download-failed", detail, count: 12, things: ["a", "b"] },
  ];
  const text = formatSummary({ ...summary, causes, causesRead: 1 }, view(50));
  expect(text).toContain(
    "\n  12  FAILED  download-failed: connect\n      ECONNREFUSED after 8 attempts without\n      progress\n      a, b, ...\n",
  );
});

test("without color, what was canceled does not look like what failed", () => {
  const none = { ...summary.counts, queued: 0, inProgress: 0, succeeded: 0, failed: 0 };
  const text = (status: string, counts: object) =>
    formatSummary({ ...summary, status, counts: { ...none, ...counts } }, view(80)).split("\n");
  const canceled = text("CANCELED", { canceled: 8 });
  const failed = text("COMPLETED", { failed: 8 });
  expect(canceled[0]).toBe("job fota-1  canceled, 0 of 8 succeeded  CANCELED");
  expect(failed[0]).toBe("job fota-1  8 of 8 failed  COMPLETED");
  expect(canceled[2]).not.toBe(failed[2]);
});
