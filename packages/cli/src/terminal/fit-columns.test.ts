import { expect, test } from "vitest";
import { fitColumns } from "./fit-columns.js";

const COLUMNS = [{}, { shrinkTo: 6, dropOrder: 1 }, { shrinkTo: 10 }, { dropOrder: 2 }];
const widthsIn = (width: number) => fitColumns(COLUMNS, [10, 12, 20, 8], { width, gap: 2 });

test.each([
  ["all have what they want", Number.POSITIVE_INFINITY, [10, 12, 20, 8]],
  ["all fit to the character", 56, [10, 12, 20, 8]],
  ["the one with the most to give is cut first", 55, [10, 12, 19, 8]],
  ["then the next", 45, [10, 11, 10, 8]],
  ["all are cut", 40, [10, 6, 10, 8]],
  ["the highest in the order is left out", 39, [10, 12, 13, undefined]],
  ["then the next", 29, [10, undefined, 17, undefined]],
  ["no more can give way", 5, [10, undefined, 10, undefined]],
])("%s at %d characters", (_what, width, widths) => {
  expect(widthsIn(width)).toEqual(widths);
});
