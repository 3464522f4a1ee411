import { describe, expect, test } from "vitest";
import { manualClock, movableClock } from "./movable-clock.js";

describe("a clock moved by hand", () => {
  test("stands still until it is moved", () => {
    const clock = manualClock(1000);
    clock.after(0, () => expect.unreachable("nothing has passed"));
    expect(clock.nowMs()).toBe(1000);
  });

  test("does what is due in order, each at its own time, also what that sets in turn", () => {
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

  test("does nothing that was taken back", () => {
    const clock = manualClock(0);
    const cancel = clock.after(10, () => expect.unreachable("it was taken back"));
    cancel();
    clock.advance(100);
  });

  test("set back, lets what waits wait longer", () => {
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

describe("a clock over one that runs", () => {
  test("runs with it, and waits what is left after a jump", () => {
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
