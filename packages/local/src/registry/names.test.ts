import { expect, test } from "vitest";
import { NO_NAMES, withName, withoutName } from "./names.js";

test("names are replaced, not changed, and empty ones are one object", () => {
  const one = withName(NO_NAMES, "a");
  const both = withName(one, "b");
  expect([[...NO_NAMES], [...one], [...both]]).toEqual([[], ["a"], ["a", "b"]]);
  expect(withoutName(both, "a")).toEqual(new Set(["b"]));
  expect(withoutName(one, "a")).toBe(NO_NAMES);
});
