import { expect, test } from "vitest";
import { jobsNamed, nearJobIds, newestOf } from "./match.js";

const JOBS = [
  "fota-1-4-0-9243387d29",
  "fota-1-4-0-rc-1-00aa11bb22",
  "fota-pump_app-0123456789",
  "spring",
  "spring-2",
].map((jobId, i) => ({ jobId, createdAt: i === 4 ? undefined : new Date(i * 1000) }));

test.each([
  ["fota-1-4-0-9", ["fota-1-4-0-9243387d29"]],
  ["1-4-0-9", ["fota-1-4-0-9243387d29"]],
  ["1.4.0-rc.1", ["fota-1-4-0-rc-1-00aa11bb22"]],
  ["1.4.0", ["fota-1-4-0-9243387d29"]],
  ["fota-1-4-0", ["fota-1-4-0-9243387d29"]],
  ["1.4.0-r", ["fota-1-4-0-rc-1-00aa11bb22"]],
  ["1.4", ["fota-1-4-0-9243387d29", "fota-1-4-0-rc-1-00aa11bb22"]],
  ["pump", ["fota-pump_app-0123456789"]],
  ["spr", ["spring", "spring-2"]],
  ["9243387d29", []],
  ["Spring", []],
])("%s names %j", (text, ids) => {
  expect(jobsNamed(text, JOBS).map(({ jobId }) => jobId)).toEqual(ids);
});

test.each([
  ["fota-1-4-0-9243387d28", "fota-1-4-0-9243387d29"],
  ["1-4-0-9243387d28", "fota-1-4-0-9243387d29"],
  ["fota-1-5", "fota-1-4-0-9243387d29"],
  ["purp", "fota-pump_app-0123456789"],
  ["sprong", "spring"],
])("%s is near %s", (text, id) => {
  expect(nearJobIds(text, JOBS)[0]).toBe(id);
});

test("what is far from every id is near none", () => {
  expect(nearJobIds("thermostat", JOBS)).toEqual([]);
});

test("the newest job is the one created last, wherever it is in the list", () => {
  expect(newestOf(JOBS)?.jobId).toBe("spring");
  expect(newestOf([])).toBeUndefined();
});
