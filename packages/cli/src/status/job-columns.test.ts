import { expect, test } from "vitest";
import { NO_COUNTS } from "../../test/no-counts.js";
import { formatTable } from "../terminal/table.js";
import { type JobRow, jobRowColumns } from "./job-columns.js";

const arn = (name: string) => `arn:aws:iot:eu-west-1:123456789012:${name}`;
const createdAt = "2026-11-24T12:00:00.000Z";
const JOBS: JobRow[] = [
  {
    jobId: "fota-1-4-0-9243387d29",
    status: "IN_PROGRESS",
    version: "1.4.0",
    image: "app.bin",
    continuous: true,
    targets: [arn("thinggroup/beta")],
    counts: { ...NO_COUNTS, succeeded: 12, failed: 1, queued: 27 },
    createdAt,
  },
  {
    jobId: "spring",
    status: "COMPLETED",
    image: "app.bin",
    continuous: false,
    targets: [arn("thing/thermostat-7"), arn("thing/pump:1")],
    counts: { ...NO_COUNTS, succeeded: 2 },
    createdAt,
  },
  { jobId: "fota-pump-00aa11bb22", status: "CANCELED", continuous: true, createdAt },
];
const show = (width: number) =>
  formatTable(
    JOBS,
    jobRowColumns(() => "53 min ago"),
    (_style, text) => text,
    width,
  ).split("\n");

test("a row tells jobs apart: firmware, target, outcome and age", () => {
  expect(show(200)).toEqual([
    "JOB                    FIRMWARE  TARGET                   OUTCOME                  AGE",
    "fota-1-4-0-9243387d29  1.4.0     group:beta (continuous)  1 failed, 12 of 40 done  53 min",
    "spring                 app.bin   thermostat-7 +1          2 succeeded              53 min",
    "fota-pump-00aa11bb22   pump      continuous               CANCELED                 53 min",
  ]);
});

test.each([80, 60, 40])("on %d characters ids stay whole, and what matters least goes", (width) => {
  const lines = show(width);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  expect(lines[1]).toMatch(/^fota-1-4-0-9243387d29 /);
  expect(lines).toMatchSnapshot();
});
