import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { canAnimate, canRedraw, columnsOf, layoutColumnsOf, rowsOf } from "./size.js";

const terminal = (columns?: number, rows?: number) =>
  Object.assign(new PassThrough(), {
    isTTY: true,
    ...(columns !== undefined && { columns }),
    ...(rows !== undefined && { rows }),
  });

test.each([
  [undefined, 80, 80],
  [0, 80, 80],
  [Number.NaN, 80, 80],
  [1, 1, 20],
  [20, 20, 20],
  [500, 500, 500],
])("a terminal that tells %s columns has %i, and is laid out for %i", (told, columns, layout) => {
  expect(columnsOf(terminal(told))).toBe(columns);
  expect(layoutColumnsOf(terminal(told))).toBe(layout);
});

test("a terminal without rows has 24", () => {
  expect([rowsOf(terminal(80, 0)), rowsOf(terminal()), rowsOf(terminal(80, 3))]).toEqual([24, 24, 3]);
});

test("what is no terminal has no width, and nothing is drawn on it", () => {
  expect(layoutColumnsOf(new PassThrough())).toBe(Number.POSITIVE_INFINITY);
  expect(canRedraw(new PassThrough(), {})).toBe(false);
  expect(canRedraw(terminal(), { TERM: "dumb" })).toBe(false);
  expect(canRedraw(terminal(), { TERM: "xterm" })).toBe(true);
});

test.each([
  ["a terminal", terminal(80), {}, true],
  ["a terminal that tells 0 columns", terminal(0), {}, true],
  ["a terminal that tells none", terminal(), {}, true],
  ["a terminal of 9 columns", terminal(9), {}, false],
  ["a terminal of 1 column", terminal(1), {}, false],
  ["a dumb terminal", terminal(80), { TERM: "dumb" }, false],
  ["a terminal of a build service", terminal(80), { CI: "true" }, false],
  ["a pipe", new PassThrough(), {}, false],
] as const)("whether something moves on %s", (_what, sink, env, moves) => {
  expect(canAnimate(sink, env)).toBe(moves);
});
