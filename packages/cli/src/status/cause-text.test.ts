import { expect, test } from "vitest";
import { causeText } from "./cause-text.js";

test("status shows the times of an expiry", () => {
  const cause = { reason: "order-expired", expected: "before 1796059380", actual: "1796059386" };
  expect(causeText(cause)).toBe(
    "order-expired (expected before 1796059380 (2026-11-30 17:23 UTC), actual 1796059386 (2026-11-30 17:23 UTC))",
  );
});
