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

test("an iteration goes on after the last item if the list changes meanwhile", () => {
  const some = fc.array(fc.record({ sequence: fc.nat(600), adds: fc.boolean() }), { maxLength: 4 });
  const everyStep = fc.array(some, { minLength: 600, maxLength: 600 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(600), { minLength: 200 }),
      everyStep,
      fc.boolean(),
      (initial, steps, isUp) => {
        const present = new Set(initial);
        const list = new SortedList<Item>(
          bySequence,
          initial.map((sequence) => ({ sequence })),
        );
        const isPast = (sequence: number, last: number) => (isUp ? sequence <= last : sequence >= last);
        let last = isUp ? -1 : 601;
        let at = 0;
        for (const { sequence } of isUp ? list.upwards(() => false) : list.downwards(() => false)) {
          const left = [...present].filter((each) => !isPast(each, last));
          expect(sequence).toBe(isUp ? Math.min(...left) : Math.max(...left));
          last = sequence;
          for (const change of steps[at] ?? []) {
            if (!change.adds) list.delete(change);
            else if (!present.has(change.sequence)) list.add({ sequence: change.sequence });
            if (change.adds) present.add(change.sequence);
            else present.delete(change.sequence);
          }
          at += 1;
        }
        expect([...present].filter((each) => !isPast(each, last))).toEqual([]);
      },
    ),
    { numRuns: 30 },
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
