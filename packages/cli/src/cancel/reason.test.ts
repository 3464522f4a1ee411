import { expect, test } from "vitest";
import { cancelReason } from "./reason.js";

test("capitals are a reason code, anything else a comment", () => {
  expect(cancelReason("BAD_BUILD_2", undefined)).toEqual({ reasonCode: "BAD_BUILD_2" });
  expect(cancelReason("Bad build", undefined)).toEqual({ comment: "Bad build" });
  expect(cancelReason("A".repeat(129), undefined)).toEqual({ comment: "A".repeat(129) });
  expect(cancelReason(undefined, "pump-1")).toEqual({});
});

test.each(["", "two\nlines", "x".repeat(2_029)])("AWS does not take %j", (text) => {
  expect(() => cancelReason(text, undefined)).toThrow(/2028/);
});

test("one thing has no place for a reason", () => {
  expect(() => cancelReason("bad", "pump-1")).toThrow(/one thing/);
});
