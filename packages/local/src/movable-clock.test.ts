import { describe, expect, test } from "vitest";
import { manualClock, movableClock } from "./movable-clock.js";

describe("a manual clock", () => {
  test("advances only when it is moved", () => {
    const clock = manualClock(1000);
    clock.after(0, () => expect.unreachable("nothing has passed"));
    expect(clock.nowMs()).toBe(1000);
  });

  test("runs due actions in order, each at its own time, also actions that others schedule", () => {
    const clock = manualClock(0);
    const seen: [string, number][] = [];
    const note = (name: string) => seen.push([name, clock.nowMs()]);
    clock.after(30, () => note("last"));
    clock.after(10, () => {
      note("first");
      clock.after(10, () => note("set by the first"));
    });
    clock.after(10, () => note("second"));
    clock.after(41, () => note("not due"));
    clock.advance(40);
    expect(seen).toEqual([
      ["first", 10],
      ["second", 10],
      ["set by the first", 20],
      ["last", 30],
    ]);
    expect(clock.nowMs()).toBe(40);
  });

  test("runs no canceled action", () => {
    const clock = manualClock(0);
    const cancel = clock.after(10, () => expect.unreachable("it was taken back"));
    cancel();
    clock.advance(100);
  });

  test("makes pending actions wait longer when it is set back", () => {
    const clock = manualClock(1000);
    let done = false;
    clock.after(10, () => {
      done = true;
    });
    clock.advance(-500);
    expect(clock.nowMs()).toBe(500);
    clock.advance(500);
    expect(done).toBe(false);
    clock.advance(10);
    expect(done).toBe(true);
  });
});

describe("a movable clock on top of a running one", () => {
  test("runs with it, and waits for the remaining time after a jump", () => {
    const base = manualClock(0);
    const clock = movableClock(base);
    const seen: string[] = [];
    clock.after(100, () => seen.push("early"));
    clock.after(1000, () => seen.push("late"));
    base.advance(50);
    expect(clock.nowMs()).toBe(50);
    clock.advance(500);
    expect([clock.nowMs(), base.nowMs()]).toEqual([550, 50]);
    expect(seen).toEqual(["early"]);
    base.advance(449);
    expect(seen).toEqual(["early"]);
    base.advance(1);
    expect(seen).toEqual(["early", "late"]);
  });
});
