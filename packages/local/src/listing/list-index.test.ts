import { expect, test } from "vitest";
import { filtered, type KeysOf, ListIndex, sorted, withKeys } from "./list-index.js";

interface Item {
  sequence: number;
  colors: string[];
}

let keyReads = 0;
const byColor: KeysOf<Item> = ({ colors }) => {
  keyReads += 1;
  return colors;
};
const byParity: KeysOf<Item> = ({ sequence }) => [sequence % 2 === 0 ? "even" : "odd"];

function indexOfColors(...colors: string[][]): { index: ListIndex<Item>; items: Item[] } {
  const items = colors.map((each, index) => ({ sequence: index + 1, colors: each }));
  return { index: new ListIndex(items), items };
}

const sequences = (items: Iterable<Item>) => [...items].map(({ sequence }) => sequence);

test("a list continues after any sequence number, also of an item that is gone, in both orders", () => {
  const { index, items } = indexOfColors([], [], [], [], []);
  index.delete(items[2] as Item);
  expect(sequences(index.after(undefined, "oldestFirst"))).toEqual([1, 2, 4, 5]);
  expect(sequences(index.after(3, "oldestFirst"))).toEqual([4, 5]);
  expect(sequences(index.after(3, "newestFirst"))).toEqual([2, 1]);
  expect(sequences(sorted([...items].reverse()).after(4, "newestFirst"))).toEqual([3, 2, 1]);
});

test("lists by key follow additions, deletions and changed keys", () => {
  const { index, items } = indexOfColors(["red"], ["red", "blue"], ["blue"]);
  const red = () => sequences(index.withKey(byColor, "red").after(undefined, "oldestFirst"));
  expect(red()).toEqual([1, 2]);
  index.add({ sequence: 4, colors: ["red"] });
  index.delete(items[0] as Item);
  const third = items[2] as Item;
  index.removeKeys(third);
  third.colors = ["red"];
  index.addKeys(third);
  expect(red()).toEqual([2, 3, 4]);
  expect(sequences(index.withKey(byColor, "blue").after(undefined, "newestFirst"))).toEqual([2]);
  expect(index.withKey(byColor, "green").size).toBe(0);
});

test("only the first list of a kind of keys reads the keys of all items", () => {
  const { index } = indexOfColors(...Array.from({ length: 1_000 }, () => ["red"]));
  index.withKey(byColor, "red");
  keyReads = 0;
  const [first] = index.withKey(byColor, "red").after(900, "oldestFirst");
  index.add({ sequence: 1_001, colors: ["blue"] });
  expect(first?.sequence).toBe(901);
  expect(index.withKey(byColor, "blue").size).toBe(1);
  expect(keyReads).toBe(1);
});

test("several keys select the items that have all of them", () => {
  const { index } = indexOfColors(["red"], ["red"], ["blue"], ["blue"], ["blue"], ["red"]);
  const both = withKeys(index, [
    [byColor, "red"],
    [byParity, "even"],
  ]);
  expect(sequences(both.after(undefined, "newestFirst"))).toEqual([6, 2]);
  expect(sequences(withKeys(index, []).after(4, "oldestFirst"))).toEqual([5, 6]);
  const late = filtered(index, ({ sequence }) => sequence > 3);
  expect(sequences(late.after(4, "oldestFirst"))).toEqual([5, 6]);
});
