import { expect, test } from "vitest";
import { given } from "./given.js";

test("what is undefined has no key; false, 0, null and an empty text have one, in their order", () => {
  const found = given({ a: undefined, b: false, c: 0, d: "", e: null });
  expect(Object.entries(found)).toEqual([
    ["b", false],
    ["c", 0],
    ["d", ""],
    ["e", null],
  ]);
});
