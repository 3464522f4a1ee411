import { expect, test } from "vitest";
import { parseSchedule, type ScheduleTexts } from "./schedule.js";

const now = new Date("2026-11-24T08:00:30Z");

test("times are UTC, to the minute; + counts from now", () => {
  const { start, end } = parseSchedule({ start: "2026-12-01 02:00", end: "+30d" }, false, now);
  expect(start?.toISOString()).toBe("2026-12-01T02:00:00.000Z");
  expect(end?.toISOString()).toBe("2026-12-24T08:01:00.000Z");
  expect(parseSchedule({ start: "2026-12-01T02:00Z" }, false, now).start).toEqual(start);
});

test.each([
  ["0 2 * * * 120m", "cron(0 2 * * ? *)", 120],
  ["30 22 1,15 * * 2h", "cron(30 22 1,15 * ? *)", 120],
  ["0 2 * * 0 60m", "cron(0 2 ? * SUN *)", 60],
  ["0 2 * * 7 60m", "cron(0 2 ? * SUN *)", 60],
  ["0 2 * * 1-5 60m", "cron(0 2 ? * MON-FRI *)", 60],
  ["0 2 * * mon,wed 60m", "cron(0 2 ? * MON,WED *)", 60],
] as const)("the window %j is %s", (window, cron, minutes) => {
  expect(parseSchedule({ window: [window] }, true, now).windows).toEqual([{ cron, minutes }]);
});

test("what is to happen at the end has AWS's name", () => {
  const at = (atEnd: string) => parseSchedule({ end: "+1d", atEnd }, false, now).endBehavior;
  expect([at("stop"), at("cancel"), at("force-cancel")]).toEqual(["STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL"]);
});

test.each<[ScheduleTexts, boolean, RegExp]>([
  [{ start: "tomorrow" }, false, /--start must be a time/],
  [{ start: "2026-13-01 02:00" }, false, /--start must be a time/],
  [{ start: "2027-02-30 02:00" }, false, /--start must be a time/],
  [{ start: "+20m" }, false, /--start must be from 30 minutes/],
  [{ start: "2026-01-01 02:00" }, false, /--start must be from 30 minutes/],
  [{ start: "+366d" }, false, /--start must be from 30 minutes to a year/],
  [{ end: "+10m" }, false, /--end must be at least 30 minutes after/],
  [{ start: "+2h", end: "+2h" }, false, /--end must be at least 30 minutes after/],
  [{ end: "+731d" }, false, /--end must be at most two years/],
  [{ atEnd: "cancel" }, false, /--at-end needs --end/],
  [{ end: "+1d", atEnd: "explode" }, false, /--at-end must be/],
  [{ window: ["0 2 * * * 120m"] }, false, /--window needs --continuous/],
  [{ window: ["0 2 * * *"] }, true, /--window is/],
  [{ window: ["0 2 1 * 1 60m"] }, true, /--window is/],
  [{ window: ["0 2 * * 9 60m"] }, true, /--window is/],
  [{ window: ["0 2 * * * 1431m"] }, true, /--window is/],
])("%j (continuous: %j) is refused", (texts, continuous, says) => {
  expect(() => parseSchedule(texts, continuous, now)).toThrow(
    expect.objectContaining({ code: "ROLLOUT_INVALID", message: expect.stringMatching(says) }),
  );
});
