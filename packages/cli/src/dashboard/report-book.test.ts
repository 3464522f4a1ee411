import type { UpdateReport } from "@fota/shared";
import { expect, test, vi } from "vitest";
import type { Execution } from "../aws/executions.js";
import { createReportBook } from "./report-book.js";

const execution = (thing: string, status: Execution["status"] = "IN_PROGRESS"): Execution => ({
  thing,
  status,
  executionNumber: 1,
  queuedAt: undefined,
  startedAt: undefined,
  lastUpdatedAt: undefined,
});

function openBook() {
  const asked: string[][] = [];
  let nowMs = 0;
  let changed: () => void = () => {};
  const book = createReportBook({
    async read(executions): Promise<UpdateReport[]> {
      asked.push(executions.map(({ thing }) => thing));
      return executions.map(({ thing }) => ({ detail: `report of ${thing}` }));
    },
    onChange: () => changed(),
    staleMs: 5_000,
    now: () => nowMs,
  });
  return {
    book,
    asked,
    pass: (ms: number) => {
      nowMs += ms;
    },
    async wanted(...executions: Execution[]) {
      const change = new Promise<void>((resolve) => {
        changed = resolve;
      });
      book.want(executions);
      await change;
      await new Promise(setImmediate);
    },
  };
}

test("reads wanted reports once; those in progress again when they are stale or have ended", async () => {
  const { book, asked, pass, wanted } = openBook();
  const a = execution("a");
  const failed = execution("b", "FAILED");
  expect(book.find(a)).toBeUndefined();
  await wanted(a, failed, execution("c", "QUEUED"));
  expect(book.find(a)).toEqual({ detail: "report of a" });
  book.want([a, failed]); // nothing to read
  pass(5_000);
  await wanted(a, failed);
  await wanted(execution("a", "SUCCEEDED"));
  pass(60_000);
  book.want([execution("a", "SUCCEEDED"), failed]);
  expect(asked).toEqual([["a", "b"], ["a"], ["a"]]);
});

test("a failed read is repeated the next time", async () => {
  let fail = true;
  let settled: () => void = () => {};
  const book = createReportBook({
    async read() {
      setImmediate(() => settled());
      if (fail) throw new Error("throttled");
      return [{ phase: "downloading" }];
    },
    onChange: () => {},
    staleMs: 5_000,
  });
  for (fail of [true, false]) {
    const done = new Promise<void>((resolve) => {
      settled = resolve;
    });
    book.want([execution("a")]);
    await done;
  }
  expect(book.find(execution("a"))).toEqual({ phase: "downloading" });
});

test("a report does not become stale because the machine's clock is set", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  try {
    const asked: number[] = [];
    const book = createReportBook({
      async read(executions) {
        asked.push(executions.length);
        return executions.map(() => ({}));
      },
      onChange: () => {},
      staleMs: 5_000,
    });
    const want = async () => {
      book.want([execution("a")]);
      await new Promise(setImmediate);
    };
    await want();
    vi.setSystemTime(Date.now() + 3_600_000);
    await want();
    expect(asked).toEqual([1]);
    vi.setSystemTime(Date.now() - 7_200_000);
    vi.advanceTimersByTime(5_000);
    await want();
    expect(asked).toEqual([1, 1]);
  } finally {
    vi.useRealTimers();
  }
});
