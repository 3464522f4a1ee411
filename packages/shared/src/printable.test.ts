import { inspect } from "node:util";
import { expect, test } from "vitest";
import { FotaError } from "./errors.js";
import { printable, printableLines } from "./printable.js";

test.each([
  ["\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["\u009b31m", "\\u009b31m"],
  ["a\r\nfota: info: all is well", "a\\u000d\\u000afota: info: all is well"],
  ["\u202egnp.exe", "\\u202egnp.exe"],
  ["\u2066\u2028\u200f", "\\u2066\\u2028\\u200f"],
  ["größer, 大きい, 😀", "größer, 大きい, 😀"],
])("%j is printed as %j", (text, printed) => {
  expect(printable(text)).toBe(printed);
});

test("lines stay lines, and all else is escaped", () => {
  expect(printableLines("a\u001b[2J\n\tb\r\n")).toBe("a\\u001b[2J\n\\u0009b\\u000d\n");
});

test("an error that quotes a text from outside prints no control character, nor do its causes", () => {
  const evil = "\u001b]0;owned\u0007\u009b2J\u202e";
  const inner = Object.assign(new TypeError(evil), { code: "EVIL" });
  const cause = new SyntaxError(`Unexpected token ${evil}`, { cause: inner });
  const own = new FotaError("DOCUMENT_INVALID", `bc_model is ${evil}\nfota: info: fine`, {
    hint: evil,
    cause,
  });
  const printed = inspect(own, { depth: 9, colors: false });
  expect(printed.split(printable(evil)).length - 1).toBe(3); // the message and two causes
  expect(printed).toBe(printableLines(printed));
  expect(own.message).toBe(`bc_model is ${printable(evil)}\\u000afota: info: fine`);
  expect(own.hint).toBe(printable(evil));
  expect(new FotaError("DOCUMENT_INVALID", "x", { cause: evil }).cause).toBe(printable(evil));
  expect(own.cause).toMatchObject({ name: "SyntaxError", cause: { name: "TypeError", code: "EVIL" } });
});
