import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { painterFor } from "./paint.js";
import { neutralize, toJson, writeNotice, writeResult } from "./text.js";

const paint = painterFor(new PassThrough(), { FORCE_COLOR: "1" }, true);

test("our own colors come through, and no others", () => {
  expect(neutralize(`${paint("red", "a\x1b[31mb")}c`)).toBe("\x1b[31ma\ufffd[31mb\x1b[39mc");
});

test.each([
  ["C0", "\0\x07\b\v\f\r\x1b\x1f"],
  ["DEL and C1", "\x7f\x80\x85\x9b\x9f"],
  ["bidi controls", "\u061c\u200e\u200f\u202a\u202e\u2066\u2069"],
  ["separators of lines", "\u2028\u2029"],
  ["halves of pairs", "\udc00\ud800"],
] as const)("%s becomes as many marks, and JSON has it in escapes", (_what, text) => {
  expect(neutralize(text)).toBe("\ufffd".repeat(text.length));
  expect(toJson({ text })).toMatch(/^[ -~]*$/);
  expect(JSON.parse(toJson({ text }))).toEqual({ text });
});

test("one half of a pair becomes a mark; a whole pair, a tab and a new line stay", () => {
  expect(neutralize("a\ud800b\udc00c")).toBe("a\ufffdb\ufffdc");
  expect(neutralize("\u{1f600}\t\n\u00e9\u200d")).toBe("\u{1f600}\t\n\u00e9\u200d");
});

test("a stdout that refuses is an error of its own; a stderr that refuses is none", () => {
  const full = new PassThrough();
  full.write = () => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  expect(() => writeResult(full, "x")).toThrow(expect.objectContaining({ code: "OUTPUT_FAILED" }));
  writeNotice(full, "x");
});
