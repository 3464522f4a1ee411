import { expect, test } from "vitest";
import { grouped } from "./grouped.js";

test("items with the same key are together, in the order in which they came", () => {
  expect(grouped(["b1", "a1", "b2"], (item) => item.charAt(0))).toEqual([["b1", "b2"], ["a1"]]);
});
