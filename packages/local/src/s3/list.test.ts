import fc from "fast-check";
import { expect, test } from "vitest";
import { listPage } from "./list.js";

const keys = ["a/1", "a/2", "b", "c/d/1", "c/e", "z"];
const all = { prefix: "", delimiter: "", after: "", maxKeys: 1000 };

test("a page ends at its size and returns where", () => {
  expect(listPage(keys, { ...all, maxKeys: 2 })).toEqual({
    keys: ["a/1", "a/2"],
    commonPrefixes: [],
    next: "a/2",
  });
  expect(listPage(keys, { ...all, maxKeys: 6 })).toEqual({ keys, commonPrefixes: [] });
  expect(listPage(keys, { ...all, maxKeys: 0 })).toEqual({ keys: [], commonPrefixes: [] });
});

test("keys with the delimiter after the prefix are grouped", () => {
  expect(listPage(keys, { ...all, delimiter: "/" })).toEqual({
    keys: ["b", "z"],
    commonPrefixes: ["a/", "c/"],
  });
  expect(listPage(keys, { ...all, delimiter: "/", prefix: "c/" })).toEqual({
    keys: ["c/e"],
    commonPrefixes: ["c/d/"],
  });
});

test("a page after a common prefix continues after all of its keys", () => {
  const first = listPage(keys, { ...all, delimiter: "/", maxKeys: 1 });
  expect(first).toEqual({ keys: [], commonPrefixes: ["a/"], next: "a/" });
  expect(listPage(keys, { ...all, delimiter: "/", maxKeys: 1, after: "a/" })).toMatchObject({ keys: ["b"] });
});

test("pages of any size together contain what one page contains", () => {
  const anyKeys = fc.uniqueArray(fc.stringMatching(/^[ab/]{1,5}$/), { maxLength: 30 });
  fc.assert(
    fc.property(
      anyKeys,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom("", "/"),
      (some, maxKeys, delimiter) => {
        const sorted = [...some].sort();
        const whole = listPage(sorted, { ...all, delimiter });
        const joined: { keys: string[]; commonPrefixes: string[] } = { keys: [], commonPrefixes: [] };
        for (let after: string | undefined = ""; after !== undefined; ) {
          const page = listPage(sorted, { ...all, delimiter, maxKeys, after });
          joined.keys.push(...page.keys);
          joined.commonPrefixes.push(...page.commonPrefixes);
          after = page.next;
        }
        expect(joined).toEqual(whole);
      },
    ),
  );
});
