import { expect, test } from "vitest";
import { noExecutions } from "../jobs/execution-changes.js";
import { Timeline, type TimelinePoint } from "./timeline.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const queued = (count: number): TimelinePoint["counts"] => ({ ...noExecutions(), QUEUED: count });

test("a point has the counts after the last change until its time", () => {
  const timeline = new Timeline(5000, queued(0));
  timeline.note(5000, queued(3));
  timeline.note(5001, queued(4));
  timeline.note(5000 + 2 * SECOND_MS, queued(9));
  expect(timeline.end()).toEqual([
    { afterMs: 0, counts: queued(3) },
    { afterMs: SECOND_MS, counts: queued(4) },
    { afterMs: 2 * SECOND_MS, counts: queued(9) },
  ]);
});

test("without a change there is one point", () => {
  expect(new Timeline(5000, queued(7)).end()).toEqual([{ afterMs: 0, counts: queued(7) }]);
});

test("a long rollout has equal steps and at most 120 points", () => {
  const timeline = new Timeline(0, queued(0));
  for (let minute = 0; minute <= 10_000; minute += 1) timeline.note(minute * MINUTE_MS, queued(minute));
  const points = timeline.end();
  expect(points.length).toBeLessThanOrEqual(120);
  expect(points.length).toBeGreaterThan(59);
  const inner = points.slice(0, -1).map(({ afterMs }) => afterMs);
  const stepMs = inner[1] ?? 0;
  expect(inner).toEqual(inner.map((_, index) => index * stepMs));
  for (const { afterMs, counts } of points) expect(counts.QUEUED).toBe(Math.floor(afterMs / MINUTE_MS));
  expect(points.at(-1)).toEqual({ afterMs: 10_000 * MINUTE_MS, counts: queued(10_000) });
});

test("what changes no count does not move the end", () => {
  const timeline = new Timeline(0, queued(0));
  timeline.note(1_000, queued(1));
  for (let day = 1; day <= 30; day += 1) timeline.note(day * 86_400_000, queued(1));
  expect(timeline.end().map(({ afterMs }) => afterMs)).toEqual([0, 1_000]);
});
