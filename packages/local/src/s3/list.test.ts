import fc from "fast-check";
import { expect, test } from "vitest";
import { SortedList } from "../listing/sorted-list.js";
import { type ListOptions, listPage, type SortedKeys } from "./list.js";
import { compareUtf8 } from "./utf8-order.js";

const keys = ["a/1", "a/2", "b", "c/d/1", "c/e", "z"];
const list = (some: Iterable<string>, options: ListOptions) =>
  listPage(new SortedList(compareUtf8, some), options);
const all = { prefix: "", delimiter: "", after: "", maxKeys: 1000 };

test("a page ends at its size and returns where", () => {
  expect(list(keys, { ...all, maxKeys: 2 })).toEqual({
    keys: ["a/1", "a/2"],
    commonPrefixes: [],
    next: "a/2",
  });
  expect(list(keys, { ...all, maxKeys: 6 })).toEqual({ keys, commonPrefixes: [] });
  expect(list(keys, { ...all, maxKeys: 0 })).toEqual({ keys: [], commonPrefixes: [] });
});

test("keys with the delimiter after the prefix are grouped", () => {
  expect(list(keys, { ...all, delimiter: "/" })).toEqual({
    keys: ["b", "z"],
    commonPrefixes: ["a/", "c/"],
  });
  expect(list(keys, { ...all, delimiter: "/", prefix: "c/" })).toEqual({
    keys: ["c/e"],
    commonPrefixes: ["c/d/"],
  });
});

test("a page after a common prefix continues after all of its keys", () => {
  const first = list(keys, { ...all, delimiter: "/", maxKeys: 1 });
  expect(first).toEqual({ keys: [], commonPrefixes: ["a/"], next: "a/" });
  expect(list(keys, { ...all, delimiter: "/", maxKeys: 1, after: "a/" })).toMatchObject({ keys: ["b"] });
});

test("pages of any size together contain what one page contains", () => {
  const anyKeys = fc.uniqueArray(fc.stringMatching(/^[ab/]{1,5}$/), { maxLength: 30 });
  fc.assert(
    fc.property(
      anyKeys,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom("", "/"),
      (some, maxKeys, delimiter) => {
        const whole = list(some, { ...all, delimiter });
        const joined: { keys: string[]; commonPrefixes: string[] } = { keys: [], commonPrefixes: [] };
        for (let after: string | undefined = ""; after !== undefined; ) {
          const page = list(some, { ...all, delimiter, maxKeys, after });
          joined.keys.push(...page.keys);
          joined.commonPrefixes.push(...page.commonPrefixes);
          after = page.next;
        }
        expect(joined).toEqual(whole);
      },
    ),
  );
});

test("with a prefix, a page reads no other keys, and only the first keys of a common prefix", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `${index % 4}/${index % 100}/${index}`);
  const sorted = new SortedList(compareUtf8, names);
  let read = 0;
  const counted: Pick<SortedKeys, "upwards"> = {
    *upwards(isBefore) {
      for (const key of sorted.upwards(isBefore)) {
        read += 1;
        yield key;
      }
    },
  };
  expect(listPage(counted, { ...all, prefix: "2/", delimiter: "/" }).commonPrefixes).toHaveLength(25);
  expect(read).toBeLessThan(25 * 18);
  read = 0;
  expect(listPage(counted, { ...all, prefix: "1/", after: "1/5", maxKeys: 10 }).keys).toHaveLength(10);
  expect(read).toBe(11);
});
