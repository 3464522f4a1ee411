import { PassThrough } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { textIn } from "../../test/text-in.js";
import { painterFor } from "./paint.js";
import { startSpinner } from "./spinner.js";

afterEach(() => void vi.useRealTimers());

function terminal(size: { columns?: number; rows?: number }) {
  const stderr = Object.assign(new PassThrough({ highWaterMark: 2 ** 24 }), { isTTY: true, ...size });
  return { stderr, written: () => textIn(stderr) };
}

const plain = painterFor(new PassThrough(), {}, false);
const count = (text: string, part: string) => text.split(part).length - 1;
const UP = "\x1b[1A";
const ERASE = "\x1b[0K";

const SIZES: [what: string, size: { columns?: number; rows?: number }][] = [
  ["0 columns and rows", { columns: 0, rows: 0 }],
  ["no columns", {}],
  ["NaN columns", { columns: Number.NaN, rows: Number.NaN }],
  ["10 columns, 1 row", { columns: 10, rows: 1 }],
  ["500 columns", { columns: 500, rows: 200 }],
];

test.each(SIZES)(
  "a terminal of %s gets a bounded picture, and has its cursor back at the end",
  (_what, size) => {
    vi.useFakeTimers();
    const { stderr, written } = terminal(size);
    const spinner = startSpinner(stderr, plain, "reading jobs");
    for (let i = 0; i < 3; i += 1) {
      spinner.say(`${"long ".repeat(30)}\n`.repeat(300));
      vi.advanceTimersByTime(100);
    }
    spinner.stop();
    const all = written();
    expect(all.length).toBeLessThan(size.rows === 200 ? 2_000_000 : 30_000);
    expect(all).toContain("\x1b[?25l");
    expect(all.lastIndexOf("\x1b[?25h")).toBeGreaterThan(all.lastIndexOf("\x1b[?25l"));
    vi.advanceTimersByTime(1_000);
    expect(written()).toBe("");
  },
);

test("each line is cut to the terminal, and as many lines are erased as were drawn", () => {
  vi.useFakeTimers();
  const { stderr, written } = terminal({ columns: 10, rows: 3 });
  const spinner = startSpinner(stderr, plain, "0123456789\nabcdefghijkl\nno room");
  const first = written();
  expect(first).toContain(" 0123456…\nabcdefghi…\x1b");
  expect(first).not.toContain("no room");
  vi.advanceTimersByTime(100);
  const second = written();
  expect([count(second, ERASE), count(second, UP)]).toEqual([2, 1]);
  spinner.stop();
});

test("another size fits the text anew", () => {
  vi.useFakeTimers();
  const { stderr, written } = terminal({ columns: 80, rows: 24 });
  const spinner = startSpinner(stderr, plain, "reading job executions");
  expect(written()).toContain("reading job executions");
  stderr.columns = 12;
  stderr.emit("resize");
  vi.advanceTimersByTime(100);
  expect(written()).toContain("reading j…");
  spinner.stop();
  expect(stderr.listenerCount("resize")).toBe(0);
});

test("a text moves no cursor, and only our own colors are seen", () => {
  const { stderr, written } = terminal({ columns: 80, rows: 24 });
  const paint = painterFor(stderr, { FORCE_COLOR: "1" }, true);
  const spinner = startSpinner(stderr, paint, `a\x1b[2J\x9b2J\x1b[31m${paint("red", "b")}`);
  spinner.stop();
  const all = written();
  expect(all).toContain("\x1b[36m");
  expect(all).toContain("\x1b[39m a\ufffd[2J\ufffd2J\ufffd[31m\x1b[31mb\x1b[39m");
});

test("what is cleared for another text comes back below it", () => {
  vi.useFakeTimers();
  const { stderr, written } = terminal({ columns: 80, rows: 24 });
  const spinner = startSpinner(stderr, plain, "reading");
  written();
  spinner.clear();
  expect(written()).toBe(`\x1b[1G${ERASE}`);
  stderr.write("a note\n");
  vi.advanceTimersByTime(100);
  const [before, after] = written().split("a note\n");
  expect(before).toBe("");
  expect(after).toContain("reading");
  spinner.stop();
});

test("a terminal that takes no more gets no more pictures, and goes on when it does", () => {
  vi.useFakeTimers();
  const { stderr, written } = terminal({ columns: 80 });
  const write = stderr.write.bind(stderr);
  stderr.write = (text: string) => {
    write(text);
    return false;
  };
  const spinner = startSpinner(stderr, plain, "reading");
  written();
  vi.advanceTimersByTime(10_000);
  expect(written()).toBe("");
  stderr.emit("drain");
  expect(written()).toContain("reading");
  spinner.stop();
  expect(stderr.listenerCount("drain")).toBe(0);
});

test("a terminal that refuses changes nothing", () => {
  const { stderr } = terminal({ columns: 80, rows: 24 });
  stderr.write = () => {
    throw new Error("ENOSPC");
  };
  startSpinner(stderr, plain, "reading").stop();
});
