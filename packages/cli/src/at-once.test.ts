import { expect, test } from "vitest";
import { mapAtOnce } from "./at-once.js";

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
