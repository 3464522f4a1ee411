import { expect, test } from "vitest";
import { DownloadBudget } from "./download-budget.js";
import { DOWNLOAD_TUNING } from "./download-tuning.js";

const MIB = 1024 * 1024;

/** Fails once more, and returns how many failures in a row that makes. */
function failuresIn(budget: DownloadBudget): number {
  const decision = budget.decideRetry("try-again");
  return "failures" in decision ? decision.failures : Infinity;
}

/** How many bytes further than `startBytes` start the count of failures anew. */
function stepOf(sizeBytes: number): number {
  for (let bytes = 1; ; bytes += 1) {
    const budget = new DownloadBudget(DOWNLOAD_TUNING, sizeBytes, { offsetBytes: 0 });
    budget.decideRetry("try-again");
    budget.noteFetched(bytes, bytes);
    budget.endAttempt();
    if (failuresIn(budget) === 1) return bytes;
  }
}

test.each([
  [50, 1],
  [400, 4],
  [10_001, 101],
])("of %i bytes, %i further are progress", (sizeBytes, stepBytes) => {
  expect(stepOf(sizeBytes)).toBe(stepBytes);
});

test("of a large image a journal step is progress", () => {
  const budget = new DownloadBudget(DOWNLOAD_TUNING, 1024 * MIB, { offsetBytes: 0 });
  budget.decideRetry("try-again");
  budget.noteFetched(MIB - 1, MIB - 1);
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(2);
  budget.noteFetched(1, MIB);
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(1);
});

test("what was fetched before is no progress", () => {
  const budget = new DownloadBudget(DOWNLOAD_TUNING, 1_000, { offsetBytes: 500 });
  budget.decideRetry("try-again");
  budget.noteFetched(400, 400);
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(2);
});

test("each way to fail is counted for itself, and progress starts all counts anew but that of changes", () => {
  const budget = new DownloadBudget(DOWNLOAD_TUNING, 1_000, { offsetBytes: 0 });
  expect(budget.decideRetry("changed")).toEqual({ action: "restart" });
  for (const failures of [1, 2]) expect(failuresIn(budget)).toBe(failures);
  for (const failures of [1, 2]) {
    expect(budget.decideRetry("url-refused")).toEqual({ action: "refreshUrl", failures });
  }
  budget.noteFetched(1_000, 1_000);
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(1);
  expect(budget.decideRetry("url-refused")).toEqual({ action: "refreshUrl", failures: 1 });
  expect(budget.decideRetry("changed")).toEqual({ action: "fail", reason: "image-changed" });
});

test("what came in a window that was too slow is no progress, then or later", () => {
  const budget = new DownloadBudget(DOWNLOAD_TUNING, 1_000_000, { offsetBytes: 0 });
  budget.decideRetry("try-again");
  budget.noteWait(300_000, 50_000);
  budget.noteFetched(50_000, 50_000);
  expect(budget.slowness).toBe("received fewer than 256 bytes per second for 300 s");
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(2);
  expect(budget.slowness).toBeUndefined();
  budget.endAttempt();
  expect(failuresIn(budget)).toBe(3);
});

test("erases and bytes of an earlier process count", () => {
  const { erases, fetchedTimes } = DOWNLOAD_TUNING;
  const worn = new DownloadBudget(DOWNLOAD_TUNING, 1_000, { offsetBytes: 0, erases });
  expect(worn.fault(true)).toContain(`erased ${erases} times`);
  expect(worn.fault(false)).toBeUndefined();
  const fetchedBytes = fetchedTimes * 1_000;
  const fetched = new DownloadBudget(DOWNLOAD_TUNING, 1_000, { offsetBytes: 900, erases: 1, fetchedBytes });
  expect(fetched.fault(false)).toContain("4000 bytes were fetched for an image of 1000");
});

test("a journal of version 1 counts its offset as fetched bytes", () => {
  const budget = new DownloadBudget(DOWNLOAD_TUNING, 1_000, { offsetBytes: 700 });
  expect(budget.spent).toEqual({ erases: 0, fetchedBytes: 700 });
});
