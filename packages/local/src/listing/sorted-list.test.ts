import fc from "fast-check";
import { expect, test } from "vitest";
import { SortedList } from "./sorted-list.js";

interface Item {
  sequence: number;
}

const bySequence = (a: Item, b: Item) => a.sequence - b.sequence;
const changes = fc.array(fc.record({ sequence: fc.nat(600), adds: fc.boolean() }), {
  minLength: 300,
  maxLength: 1_500,
  size: "max",
});

test("a list has what was added and not deleted, in order, from any place in both directions", () => {
  fc.assert(
    fc.property(changes, fc.uniqueArray(fc.nat(600)), fc.nat(600), (steps, initial, from) => {
      const items = new Map(initial.map((sequence) => [sequence, { sequence }]));
      const list = new SortedList<Item>(bySequence, items.values());
      for (const { sequence, adds } of steps) {
        if (!adds) list.delete({ sequence });
        else if (!items.has(sequence)) list.add({ sequence });
        if (adds) items.set(sequence, { sequence });
        else items.delete(sequence);
      }
      const sorted = [...items.keys()].sort((a, b) => a - b);
      const sequences = (found: Iterable<Item>) => [...found].map(({ sequence }) => sequence);
      expect(list.size).toBe(sorted.length);
      expect(sequences(list.upwards(({ sequence }) => sequence <= from))).toEqual(
        sorted.filter((each) => each > from),
      );
      expect(sequences(list.downwards(({ sequence }) => sequence >= from))).toEqual(
        sorted.filter((each) => each < from).reverse(),
      );
    }),
  );
});

test("the start of an iteration compares a few items, whatever the size", () => {
  let calls = 0;
  const list = new SortedList<Item>(bySequence);
  for (let sequence = 0; sequence < 100_000; sequence += 1) list.add({ sequence });
  const [first] = list.upwards(({ sequence }) => {
    calls += 1;
    return sequence < 70_000;
  });
  expect(first).toEqual({ sequence: 70_000 });
  expect(calls).toBeLessThan(25);
});
