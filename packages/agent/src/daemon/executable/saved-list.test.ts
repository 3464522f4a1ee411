import { expect, test, vi } from "vitest";
import { SavedList } from "./saved-list.js";

function slowStore(text?: string) {
  const state = { text, saving: 0, fails: false };
  return {
    state,
    load: async () => state.text,
    save: async (next: string) => {
      state.saving += 1;
      if (state.saving > 1) throw new Error("two saves at a time");
      await new Promise((resolve) => setImmediate(resolve));
      state.saving -= 1;
      if (state.fails) throw new Error("full disk");
      state.text = next;
    },
  };
}

const isNumber = (value: unknown) => typeof value === "number";

test("changes at the same time are saved one after the other, and none is lost", async () => {
  const store = slowStore();
  const list = new SavedList<number>(store, isNumber, () => {});
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  await Promise.all(numbers.map((each) => list.change((items) => [...items, each])));
  expect(await new SavedList<number>(store, isNumber, () => {}).items()).toEqual(numbers);
});

test("a change that cannot be saved does not count, and the next one works", async () => {
  const store = slowStore();
  const list = new SavedList<number>(store, isNumber, () => {});
  store.state.fails = true;
  await expect(list.change(() => [1])).rejects.toThrow("full disk");
  store.state.fails = false;
  await list.change((items) => [...items, 2]);
  expect(await list.items()).toEqual([2]);
});

test.each<[string | undefined, number[], number]>([
  [undefined, [], 0],
  ['{"formatVersion": 1, "items": [4, 5]}', [4, 5], 0],
  ["", [], 1],
  ["{", [], 1],
  ["[]", [], 1],
  ['{"items": 3}', [], 1],
  ['{"items": ["x", 5]}', [5], 1],
])("a file with %j has the items %j and %i losses", async (text, items, losses) => {
  const onLoss = vi.fn();
  const list = new SavedList<number>(slowStore(text), isNumber, onLoss);
  expect(await list.items()).toEqual(items);
  await list.change((all) => [...all]);
  expect(onLoss).toHaveBeenCalledTimes(losses);
});
