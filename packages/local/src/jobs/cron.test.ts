import fc from "fast-check";
import { expect, test } from "vitest";
import { nextOccurrence, parseCron } from "./cron.js";

const iso = (timeMs: number | undefined) =>
  timeMs === undefined ? undefined : new Date(timeMs).toISOString().slice(0, 16);

// 2026-11-24 is a Tuesday.
test.each([
  ["cron(30 2 * * ? *)", "2026-11-24T00:00", "2026-11-24T02:30"],
  ["cron(30 2 * * ? *)", "2026-11-24T02:30", "2026-11-25T02:30"],
  ["cron(0 22 ? * MON-FRI *)", "2026-11-27T22:00", "2026-11-30T22:00"],
  ["cron(0 22 ? * 1 *)", "2026-11-24T00:00", "2026-11-29T22:00"],
  ["cron(0/20 8-9 ? * sat,sun *)", "2026-11-28T08:20", "2026-11-28T08:40"],
  ["cron(0/20 8-9 ? * SAT,SUN *)", "2026-11-28T09:40", "2026-11-29T08:00"],
  ["cron(*/15 * 24 11 ? 2026)", "2026-11-24T23:45", undefined],
  ["cron(0 0 29 FEB ? *)", "2026-11-24T00:00", "2028-02-29T00:00"],
  ["cron(0 0 31 2 ? *)", "2026-11-24T00:00", undefined],
  ["cron(59 23 31 12 ? *)", "2026-11-24T00:00", "2026-12-31T23:59"],
])("%s after %s -> %s", (expression, after, expected) => {
  expect(iso(nextOccurrence(parseCron(expression), Date.parse(`${after}Z`)))).toBe(expected);
});

test.each([
  "0 2 * * ? *",
  "cron(0 2 * * *)",
  "cron(0 2 * * * *)",
  "cron(0 2 ? * ? *)",
  "cron(60 2 * * ? *)",
  "cron(0 24 * * ? *)",
  "cron(0 2 0 * ? *)",
  "cron(0 2 ? * 8 *)",
  "cron(0 2 * 13 ? *)",
  "cron(5-2 2 * * ? *)",
  "cron(0/0 2 * * ? *)",
  "cron(1-2-3 2 * * ? *)",
  "cron(a 2 * * ? *)",
  "cron(0 2 L * ? *)",
  "cron(0 2 ? * 2#1 *)",
  "cron(, 2 * * ? *)",
])("%s is refused", (expression) => {
  expect(() => parseCron(expression)).toThrow(expect.objectContaining({ code: "InvalidRequestException" }));
});

const field = (first: number, last: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min: first, max: last }).map(String),
    fc
      .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: first, max: last }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc
      .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: 1, max: last }))
      .map(([from, step]) => `${from}/${step}`),
    fc
      .array(fc.integer({ min: first, max: last }), { minLength: 1, maxLength: 3 })
      .map((list) => list.join()),
  );

test("the next occurrence is the first matching minute, as a search over all minutes finds it", () => {
  const startMs = Date.UTC(2026, 10, 24);
  const minutes = Array.from({ length: 3 * 24 * 60 }, (_, index) => startMs + (index + 1) * 60_000);
  fc.assert(
    fc.property(field(0, 59), field(0, 23), field(1, 7), (minute, hour, dayOfWeek) => {
      const cron = parseCron(`cron(${minute} ${hour} ? * ${dayOfWeek} *)`);
      const fits = (timeMs: number) => {
        const date = new Date(timeMs);
        const day = cron.daysOfWeek?.has(date.getUTCDay() + 1);
        return day && cron.hours.has(date.getUTCHours()) && cron.minutes.has(date.getUTCMinutes());
      };
      const expected = minutes.find(fits);
      const found = nextOccurrence(cron, startMs);
      if (expected === undefined) expect(found).toBeGreaterThan(minutes.at(-1) ?? 0);
      else expect(found).toBe(expected);
    }),
  );
});
