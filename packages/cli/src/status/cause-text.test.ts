import { expect, test } from "vitest";
import { causeText } from "./cause-text.js";

test.each([
  [
    {
      reason: "invalid fota",
      detail: "the boot loader reverted to the old one: slot 0 failed on trial (exit 1)",
    },
    "new image not running (invalid fota): the boot loader reverted to the old one: slot 0 failed on trial (exit 1)",
  ],
  [{ reason: "invalid fota" }, "new image not running (invalid fota)"],
  [{ reason: "bad fota data" }, "unusable job document (bad fota data)"],
  [{ reason: "self-test-failed" }, "self-test-failed"],
  [{ reason: "of other firmware" }, "of other firmware"],
])("%o has a title that says what failed", (cause, text) => {
  expect(causeText(cause)).toBe(text);
});

test("status shows the times of an expiry", () => {
  const cause = { reason: "order-expired", expected: "before 1796059380", actual: "1796059386" };
  expect(causeText(cause)).toBe(
    "order-expired (expected before 1796059380 (2026-11-30 17:23 UTC), actual 1796059386 (2026-11-30 17:23 UTC))",
  );
});
