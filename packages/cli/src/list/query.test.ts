import { expect, test } from "vitest";
import { listQuery } from "./query.js";

const NOW = new Date("2026-11-24T12:00:00Z");

test("without options it is the 20 newest of all", () => {
  expect(listQuery({}, NOW)).toEqual({
    statuses: [],
    target: undefined,
    since: undefined,
    limit: 20,
    details: "none",
  });
});

test("statuses are taken as people write them", () => {
  expect(listQuery({ status: "in-progress, COMPLETED,completed" }, NOW).statuses).toEqual([
    "IN_PROGRESS",
    "COMPLETED",
  ]);
  expect(() => listQuery({ status: "done" }, NOW)).toThrow(
    expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("in-progress") }),
  );
});

test.each([
  ["2h", "2026-11-24T10:00:00.000Z"],
  ["7d", "2026-11-17T12:00:00.000Z"],
  ["2026-11-24", "2026-11-24T00:00:00.000Z"],
  ["2026-11-24 05:00", "2026-11-24T05:00:00.000Z"],
  ["2026-11-24T05:00:30Z", "2026-11-24T05:00:30.000Z"],
  ["2026-11-24T05:00+02:00", "2026-11-24T03:00:00.000Z"],
])("--since %s is %s", (text, iso) => {
  expect(listQuery({ since: text }, NOW).since?.toISOString()).toBe(iso);
});

test.each([
  { since: "yesterday" },
  { since: "2026-13-01" },
  { since: "5" },
  { limit: "0" },
  { limit: "many" },
])("%j is refused", (options) => {
  expect(() => listQuery(options, NOW)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("a target is a thing, a group or an ARN", () => {
  const arn = "arn:aws:iot:eu-west-1:123456789012:thinggroup/beta";
  expect(listQuery({ target: "a:b" }, NOW).target).toMatchObject({ kind: "thing", name: "a:b" });
  expect(listQuery({ target: "group:beta" }, NOW).target).toMatchObject({ kind: "group", name: "beta" });
  expect(listQuery({ target: arn }, NOW).target).toMatchObject({ kind: "group", name: "beta" });
  expect(() => listQuery({ target: "a b" }, NOW)).toThrow(
    expect.objectContaining({ code: "TARGET_INVALID" }),
  );
});
