import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { painterFor } from "./paint.js";
import { formatWrappedRows, wrapIndented, wrapWords } from "./wrap.js";

const paint = painterFor(new PassThrough(), { FORCE_COLOR: "1" }, true);

test.each([
  ["a bb ccc", 8, "a bb ccc"],
  ["a bb ccc", 7, "a bb\nccc"],
  ["a bbbbbb c", 4, "a\nbbbbbb\nc"],
  ["a", 1, "a"],
  ["a  bb  ccc", 8, "a  bb\nccc"],
] as const)("%j in %i columns", (text, columns, wrapped) => {
  expect(wrapWords(text, columns)).toBe(wrapped);
});

test("colors take no room in a line", () => {
  const text = `${paint("red", "a bb")} ccc`;
  expect(wrapWords(text, 8)).toBe(text);
});

test("the lines that go on with a text have an indent of their own", () => {
  expect(wrapIndented("a bb ccc", 9, "- ", "    ")).toBe("- a bb\n    ccc");
  expect(wrapIndented("a bb ccc", 9, "name  ", "  ")).toBe("name  a\n  bb ccc");
  expect(wrapIndented("aaaa bb", 9, "name  ", "  ")).toBe("name\n  aaaa bb");
  expect(wrapIndented("a bb ccc", 6, "  ")).toBe("  a bb\n  ccc");
});

test("a value that is too long goes on below itself", () => {
  const rows = [["to", "pump-1 and pump-2"] as const, ["image", "app.bin"] as const];
  expect(formatWrappedRows(rows, (label) => label, 22)).toBe(
    "  to     pump-1 and\n         pump-2\n  image  app.bin",
  );
});
