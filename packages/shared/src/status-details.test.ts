import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeStatusDetails, encodeStatusDetails, statusDetailsFault } from "./status-details.js";

test("a report is written as strings and read back as it was", () => {
  const report = {
    phase: "verifying",
    reason: "digest-mismatch",
    detail: "MD5 of slot 1 is another one",
    bytes: 4096,
    totalBytes: 4096,
    expected: "9e107d9d372bb6826bd81d3542a419d6",
    actual: "e4d909c290d0fb1ca068ffaddf22cbd0",
    running: "1.0.0 in slot 0",
    via: "whole:url-refused",
    fetchedBytes: 4400,
  } as const;
  const details = encodeStatusDetails(report);
  expect(details["bytes"]).toBe("4096");
  expect(decodeStatusDetails(details)).toEqual(report);
  expect(encodeStatusDetails({ ...report, percent: 100 })).toEqual(details); // AWS takes no eleventh pair
});

test("AWS takes whatever report comes out, however long or odd its texts", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 3_000 }), fc.string(), (detail, running) => {
      expect(statusDetailsFault(encodeStatusDetails({ phase: "trial", detail, running }))).toBeUndefined();
    }),
  );
});

test("details that something else wrote are read as far as they fit", () => {
  expect(decodeStatusDetails(undefined)).toEqual({});
  expect(decodeStatusDetails({ percent: "many", bytes: 7, step: "3", detail: "half way" })).toEqual({
    detail: "half way",
  });
});

test.each([
  [null, "must be a map"],
  [[], "must be a map"],
  [Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, "v"])), "has 11 pairs, at most 10"],
  [{ "no space": "v" }, 'key "no space" is not allowed'],
  [{ step: 3 }, "value of step must be a string"],
  [{ step: "" }, "must have 1 to 1024 characters"],
  [{ step: "x".repeat(1_025) }, "must have 1 to 1024 characters"],
  [{ step: "a\tb" }, "none of them a control character"],
])("AWS refuses %j", (details, fault) => {
  expect(statusDetailsFault(details)).toContain(fault);
});
