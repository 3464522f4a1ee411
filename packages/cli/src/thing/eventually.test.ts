import { expect, test } from "vitest";
import { eventually } from "./eventually.js";

const never = new AbortController().signal;

test.each([
  ["works at once", 1, { worked: true, tries: 1 }],
  ["works in the end", 5, { worked: true, tries: 5 }],
  ["never works", 99, { worked: false, tries: 8 }],
])("what %s is tried until then, and not without end", async (_what, worksAt, expected) => {
  let tries = 0;
  const worked = await eventually(async () => ++tries >= worksAt, never, 0);
  expect({ worked, tries }).toEqual(expected);
});

test("an interruption ends it", async () => {
  const trying = eventually(async () => false, AbortSignal.abort(), 60_000);
  await expect(trying).rejects.toMatchObject({ name: "AbortError" });
});
