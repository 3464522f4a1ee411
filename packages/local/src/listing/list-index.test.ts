import { expect, test, vi } from "vitest";
import { keyKind } from "./key-lists.js";
import { filtered, itemsOf, ListIndex, sorted, withAll } from "./list-index.js";

interface Item {
  sequence: number;
  colors: string[];
}

let keyReads = 0;
const byColor = keyKind<Item>(({ colors }) => {
  keyReads += 1;
  return colors;
});
const byParity = keyKind<Item>(({ sequence }) => [sequence % 2 === 0 ? "even" : "odd"]);

function indexOfColors(...colors: string[][]): { index: ListIndex<Item>; items: Item[] } {
  const items = colors.map((each, index) => ({ sequence: index + 1, colors: each }));
  return { index: new ListIndex(items), items };
}

const sequences = (items: Iterable<Item>) => [...items].map(({ sequence }) => sequence);

test("a list continues after any sequence number, also of an item that is gone, in both orders", () => {
  const { index, items } = indexOfColors([], [], [], [], []);
  index.delete(items[2] as Item);
  expect(sequences(itemsOf(index, undefined, "oldestFirst"))).toEqual([1, 2, 4, 5]);
  expect(sequences(itemsOf(index, 3, "oldestFirst"))).toEqual([4, 5]);
  expect(sequences(itemsOf(index, 3, "newestFirst"))).toEqual([2, 1]);
  expect(sequences(itemsOf(sorted([...items].reverse()), 4, "newestFirst"))).toEqual([3, 2, 1]);
});

test("lists by key follow additions, deletions and changed keys", () => {
  const { index, items } = indexOfColors(["red"], ["red", "blue"], ["blue"]);
  const red = () => sequences(itemsOf(index.withKey(byColor, "red"), undefined, "oldestFirst"));
  expect(red()).toEqual([1, 2]);
  index.add({ sequence: 4, colors: ["red"] });
  index.delete(items[0] as Item);
  const third = items[2] as Item;
  index.removeKeys(third);
  third.colors = ["red"];
  index.addKeys(third);
  expect(red()).toEqual([2, 3, 4]);
  expect(sequences(itemsOf(index.withKey(byColor, "blue"), undefined, "newestFirst"))).toEqual([2]);
  expect(index.withKey(byColor, "green").size).toBe(0);
});

test("only the first list of a kind of keys reads the keys of all items", () => {
  const { index } = indexOfColors(...Array.from({ length: 1_000 }, () => ["red"]));
  index.withKey(byColor, "red");
  keyReads = 0;
  const [first] = itemsOf(index.withKey(byColor, "red"), 900, "oldestFirst");
  index.add({ sequence: 1_001, colors: ["blue"] });
  expect(first?.sequence).toBe(901);
  expect(index.withKey(byColor, "blue").size).toBe(1);
  expect(keyReads).toBe(1);
});

test("several keys select the items that have all of them", () => {
  const { index } = indexOfColors(["red"], ["red"], ["blue"], ["blue"], ["blue"], ["red"]);
  const both = withAll(index, [
    { kind: byColor, key: "red" },
    { kind: byParity, key: "even" },
  ]);
  expect(sequences(itemsOf(both, undefined, "newestFirst"))).toEqual([6, 2]);
  expect(sequences(itemsOf(withAll(index, []), 4, "oldestFirst"))).toEqual([5, 6]);
  const late = filtered(index, ({ sequence }) => sequence > 3);
  expect(sequences(itemsOf(late, 4, "oldestFirst"))).toEqual([5, 6]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the lists of a large index are made in pieces, and follow what changes meanwhile", async () => {
  const { index, items } = indexOfColors(...Array.from({ length: 3_500 }, () => ["red"]));
  const has = vi.spyOn(byColor, "has");
  const red = () => sequences(itemsOf(index.withKey(byColor, "red"), 3_300, "oldestFirst"));
  keyReads = 0;
  expect(red()).toHaveLength(200);
  expect(keyReads).toBeLessThan(2_000);
  for (let at = 0; at < 10; at += 1) {
    const [early, late] = [items[at] as Item, items[3_400 + at] as Item];
    for (const item of [early, late]) {
      index.removeKeys(item);
      item.colors = at % 2 === 0 ? ["blue"] : [];
      index.addKeys(item);
    }
    index.delete(items[3_450 + at] as Item);
    index.add({ sequence: 4_000 + at, colors: ["red"] });
    await turn();
    const expected = items.slice(3_300, 3_450).filter(({ colors }) => colors.includes("red"));
    const added = Array.from({ length: at + 1 }, (_, index) => 4_000 + index);
    const kept = items.slice(3_451 + at).map(({ sequence }) => sequence);
    expect(red()).toEqual([...sequences(expected), ...kept, ...added]);
  }
  has.mockClear();
  expect(index.withKey(byColor, "red").size).toBe(3_480);
  expect(index.withKey(byColor, "blue").size).toBe(10);
  expect(has).not.toHaveBeenCalled();
  has.mockRestore();
});

test("a condition that is asked for again gets its own list, and only the last ones keep theirs", () => {
  const { index, items } = indexOfColors(
    ...Array.from({ length: 300 }, (_, at) => [at % 100 === 0 ? "red" : "blue"]),
  );
  let reads = 0;
  const isRed = ({ colors }: Item) => {
    reads += 1;
    return colors.includes("red");
  };
  const red = () => {
    reads = 0;
    return sequences(itemsOf(index.where("red", isRed), undefined, "oldestFirst"));
  };
  expect([red(), reads]).toEqual([[1, 101, 201], 300]);
  expect([red(), reads]).toEqual([[1, 101, 201], 300]);
  expect([red(), reads]).toEqual([[1, 101, 201], 0]);
  const second = items[1] as Item;
  index.removeKeys(second);
  second.colors = ["red"];
  index.addKeys(second);
  index.delete(items[100] as Item);
  expect([red(), reads]).toEqual([[1, 2, 201], 0]);
  for (let other = 0; other < 16; other += 1) index.where(`other${other}`, () => true);
  expect([red(), reads]).toEqual([[1, 2, 201], 299]);
});
