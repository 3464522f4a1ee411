import { expect, test } from "vitest";
import { startOf, widthOf } from "./width.js";

test.each([
  ["pump-7", 6],
  ["✔ 3 × … █░", 10],
  ["über-Größe", 10],
  ["泵组-1", 6],
  ["ポンプ", 6],
  ["ﾎﾟﾝﾌﾟ", 5], // half-width
  ["e\u0301", 1], // a letter with a combining accent
  ["👩‍🔧", 4], // two emoji and a joiner
  ["a\u0007b\u202e", 4], // shown as U+FFFD each
  ["", 0],
])("%j takes %i columns", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test.each([
  ["pump-7", 4, "pump"],
  ["泵组-1", 4, "泵组"],
  ["泵组-1", 3, "泵"],
  ["泵组-1", 1, ""],
  ["e\u0301tat", 2, "e\u0301t"],
  ["👩‍🔧x", 4, "👩‍🔧"],
])("the start of %j in %i columns is %j", (text, width, start) => {
  expect(startOf(text, width)).toBe(start);
});
