import { expect, test } from "vitest";
import { reportedValue } from "./reported-value.js";

test.each([
  ["order-expired", "before 1796059380", "before 1796059380 (2026-11-30 17:23 UTC)"],
  ["order-expired", "now", "now"],
  ["size-mismatch", "1796059380", "1796059380"],
  [undefined, "1796059380", "1796059380"],
])("%s: %s is shown as %s", (reason, value, shown) => {
  expect(reportedValue(reason, value)).toBe(shown);
});
