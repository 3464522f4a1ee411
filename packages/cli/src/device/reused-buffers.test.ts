import { expect, test, vi } from "vitest";
import { ReusedBuffers } from "./reused-buffers.js";

test("a buffer that came back is lent again for the same size, and to one borrower only", () => {
  const buffers = new ReusedBuffers();
  const first = buffers.take(8);
  expect(first.length).toBe(8);
  buffers.giveBack(first);
  expect(buffers.take(4)).not.toBe(first);
  expect(buffers.take(8)).toBe(first);
  expect(buffers.take(8)).not.toBe(first);
});

test("buffers that no one borrows for a while are dropped", () => {
  vi.useFakeTimers();
  const buffers = new ReusedBuffers();
  const first = buffers.take(8);
  buffers.giveBack(first);
  vi.advanceTimersByTime(4_000);
  expect(buffers.take(8)).toBe(first);
  buffers.giveBack(first);
  vi.advanceTimersByTime(4_000); // the time counts from the last return
  expect(buffers.take(8)).toBe(first);
  buffers.giveBack(first);
  vi.advanceTimersByTime(5_000);
  expect(buffers.take(8)).not.toBe(first);
});
