import { expect, test } from "vitest";
import { firmwareOfMark, markOf } from "./image-mark.js";

const sha256 = "a".repeat(64);

test.each([
  ["Pumpe Größe 2 ✓ 100 %", "Pumpe Größe 2 ✓ 100 %"],
  ["cut in an emoji \ud83d", "cut in an emoji \ufffd"],
])("the mark of an image for model %j is a header, and is read as %j", (model, read) => {
  const mark = markOf({ sha256 }, { version: "2.0.0-rc.1+b", model });
  for (const value of Object.values(mark)) expect(value).toMatch(/^[!-~]+$/);
  expect(firmwareOfMark(mark)).toEqual({ version: "2.0.0-rc.1+b", model: read });
});

test("an image of no known firmware has only its digest as a mark", () => {
  expect(Object.values(markOf({ sha256 }))).toEqual([sha256]);
});
