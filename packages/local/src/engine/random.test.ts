import { expect, test } from "vitest";
import { randomUuid } from "../registry/context.js";
import { freshSeed, randomFrom } from "./random.js";

test("a seed of an old journal gives the ids that it gave when the command ran", () => {
  const random = randomFrom("000102030405060708090a0b0c0d0e0f");
  const context = { nowMs: 0, random };
  expect(randomUuid(context)).toBe("3565a11a-795d-4f73-ab2c-9970dfe6a29f");
  expect(randomUuid(context)).toBe("8a92192c-64de-4659-b2f1-8158bfe24f71");
  expect(random()).toBe(0.9579074352513999);
});

test("no two of many seeds are the same, also when the pool of random bytes is used up", () => {
  const seeds = Array.from({ length: 1000 }, freshSeed);
  expect(new Set(seeds).size).toBe(1000);
  for (const seed of seeds) expect(seed).toMatch(/^[0-9a-f]{32}$/);
});
