import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { textIn } from "../../test/text-in.js";
import { painterFor } from "./paint.js";
import { openScreen } from "./screen.js";

function terminal(columns: number, rows: number) {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns, rows });
  return { stdout, written: () => textIn(stdout) };
}

test("a picture is drawn over the last one in one piece, never onto a cleared screen", () => {
  const { stdout, written } = terminal(20, 10);
  const screen = openScreen(stdout, () => {});
  screen.draw("one\ntwo");
  expect(written()).toBe("\x1b[?25l\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
  screen.draw("three");
  expect(written()).toBe("\x1b[?25l\x1b[2A\rthree\x1b[K\n\x1b[J");
  screen.close();
  expect(written()).toBe("\x1b[?25h");
  screen.close();
  expect(written()).toBe("");
});

test("what does not fit is cut, with its colors closed", () => {
  const { stdout, written } = terminal(6, 3);
  const paint = painterFor(stdout, { FORCE_COLOR: "1" }, true);
  openScreen(stdout, () => {}).draw(`${paint("red", "longer line")}\nb\nc\nd`);
  expect(written()).toBe("\x1b[?25l\r\x1b[31mlonge…\x1b[0m\x1b[K\nb\x1b[K\n\x1b[J");
});

test("a terminal that became narrower has broken the lines: the next picture begins above them all", () => {
  const { stdout, written } = terminal(10, 10);
  const screen = openScreen(stdout, () => screen.draw("again"));
  screen.draw("0123456789\nb");
  written();
  stdout.columns = 5;
  stdout.emit("resize");
  expect(written()).toContain("\x1b[3A\ragain");
});

test("the last picture is whole, and nothing is drawn after it", () => {
  const { stdout, written } = terminal(4, 3);
  const screen = openScreen(stdout, () => screen.draw("again"));
  screen.draw("a");
  written();
  screen.close("whole line\nb\nc\nd");
  expect(written()).toBe("\x1b[?25h\x1b[1A\rwhole line\x1b[K\nb\x1b[K\nc\x1b[K\nd\x1b[K\n\x1b[J");
  stdout.emit("resize");
  expect(written()).toBe("");
});

test.each([
  [0, 0],
  [1, 1],
  [Number.NaN, 2],
])("on a terminal of %s columns and %s rows a picture is drawn once, with an end", (columns, rows) => {
  const { stdout, written } = terminal(columns, rows);
  const screen = openScreen(stdout, () => {});
  screen.draw("one\ntwo");
  screen.draw("three");
  screen.clear();
  screen.close("done");
  expect(written().length).toBeLessThan(150);
});

test("a text in a picture moves no cursor", () => {
  const { stdout, written } = terminal(40, 10);
  openScreen(stdout, () => {}).draw("a\x1b[2J\x9b2Jb");
  expect(written()).toBe("\x1b[?25l\ra\ufffd[2J\ufffd2Jb\x1b[K\n\x1b[J");
});
