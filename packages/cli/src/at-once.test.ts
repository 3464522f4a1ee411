import { expect, test } from "vitest";
import { limiter, mapAtOnce } from "./at-once.js";

test("results are in the order of the items, and no more than the limit run at once", async () => {
  let running = 0;
  let most = 0;
  const results = await mapAtOnce([3, 1, 2, 5, 4], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20, 50, 40]);
  expect(most).toBe(2);
});

test("after a failure nothing more is begun, and the first item's failure is the one thrown", async () => {
  const begun: number[] = [];
  const failing = mapAtOnce([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) await new Promise((resolve) => setImmediate(resolve));
    throw new Error(`item ${item}`);
  });
  await expect(failing).rejects.toThrow("item 1");
  expect(begun).toEqual([1, 2]);
});

test("no item is no work", async () => {
  expect(await mapAtOnce([], 4, async () => 1)).toEqual([]);
});

test("a limiter runs no more than its limit, in the order of the calls, and a failure frees its place", async () => {
  const atMost = limiter(2);
  const open: (() => void)[] = [];
  const begun: number[] = [];
  const run = (id: number) =>
    atMost(async () => {
      begun.push(id);
      await new Promise<void>((resolve) => open.push(resolve));
      if (id === 0) throw new Error("no");
    });
  const runs = [0, 1, 2, 3].map(run);
  const ended = Promise.allSettled(runs);
  expect(begun).toEqual([0, 1]);
  open[0]?.();
  await expect(runs[0]).rejects.toThrow("no");
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  open[1]?.();
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  for (const go of open) go();
  expect((await ended).map(({ status }) => status)).toEqual(["rejected", ...Array(3).fill("fulfilled")]);
});
