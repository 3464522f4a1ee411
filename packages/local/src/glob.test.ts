import { expect, test } from "vitest";
import { literalGlob, matchesGlob, parseGlob } from "./glob.js";

test.each([
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["*", "a/b/c", true],
  ["?", "", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["a*c", "ac", true],
  ["a*c", "abcbc", true],
  ["a*c", "abcb", false],
  ["*b*", "abc", true],
  ["a**b?", "a-b-bc", true],
  ["a.c", "abc", false],
  ["topic/$aws/things/t/jobs/*", "topic/$aws/things/t/jobs/+/get/accepted", true],
])("%s on %s: %s", (pattern, text, expected) => {
  expect(matchesGlob(parseGlob(pattern), text)).toBe(expected);
});

test("a literal pattern has no wildcards", () => {
  expect(matchesGlob(literalGlob("a*"), "ab")).toBe(false);
  expect(matchesGlob(literalGlob("a*"), "a*")).toBe(true);
});

test("many wildcards on a long text match in bounded time", () => {
  expect(matchesGlob(parseGlob(`${"*a".repeat(400)}b`), "a".repeat(800))).toBe(false);
});
