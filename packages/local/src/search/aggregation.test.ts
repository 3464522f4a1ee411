import { describe, expect, test } from "vitest";
import type { Work } from "../turns.js";
import { bucketsOf, cardinalityOf, percentilesOf, statisticsOf, typedValues } from "./aggregation.js";

function finish<R>(work: Work<R>): R {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

const numbers = (...values: number[]) => ({ type: "Number" as const, values });

describe("values are read as", () => {
  test.each([
    [["1", "2.5", "-1e3"], undefined, { type: "Number", values: [1, 2.5, -1000] }],
    [["1", "x", true, 2], "Number", { type: "Number", values: [1, 2] }],
    [["true", false], undefined, { type: "Boolean", values: [true, false] }],
    [["true", "yes", 1, false], "Boolean", { type: "Boolean", values: [true, false] }],
    [["1", "x", true], undefined, { type: "String", values: ["1", "x", "true"] }],
    [["1.10.0", "1", 2], "String", { type: "String", values: ["1.10.0", "1"] }],
    [["01", "+1", ".5", "1.", "0x1"], "Number", { type: "Number", values: [] }],
    [[], undefined, { type: "String", values: [] }],
  ] as const)("%j as %s: %j", (values, type, expected) => {
    expect(finish(typedValues([...values], type))).toEqual(expected);
  });
});

describe("statistics", () => {
  test("of numbers have all members; the variance is that of a whole population", () => {
    expect(finish(statisticsOf(numbers(-125, 75, 150)))).toEqual({
      count: 3,
      average: expect.closeTo(33.333_333_333),
      sum: 100,
      minimum: -125,
      maximum: 150,
      sumOfSquares: 43_750,
      variance: expect.closeTo(13_472.222_222),
      stdDeviation: expect.closeTo(116.069_902_309),
    });
  });

  test("of booleans count true as 1", () => {
    expect(finish(statisticsOf({ type: "Boolean", values: [true, false, true, true] }))).toEqual({
      count: 4,
      average: 0.75,
      sum: 3,
      minimum: 0,
      maximum: 1,
    });
  });

  test("of text, of nothing, and of sums that no number can hold are the count alone", () => {
    expect(finish(statisticsOf({ type: "String", values: ["a", "b"] }))).toEqual({ count: 2 });
    expect(finish(statisticsOf(numbers()))).toEqual({ count: 0 });
    expect(finish(statisticsOf(numbers(1e300, 1e300)))).toEqual({ count: 2 });
  });
});

describe("percentiles", () => {
  test("lie between two values, as in AWS's example", () => {
    const temperatures = numbers(70, 71, 72, 73, 74, 75, 47, 97, 98, 99);
    const found = finish(percentilesOf("attributes.temperature", temperatures, [10, 25, 50, 75, 90, 0, 100]));
    expect(found.map(({ value }) => value)).toEqual(
      [67.7, 71.25, 73.5, 91.5, 98.1, 47, 99].map((value) => expect.closeTo(value)),
    );
  });

  test("need numbers", () => {
    expect(finish(percentilesOf("a", numbers(), [50]))).toEqual([]);
    expect(() => finish(percentilesOf("a", { type: "String", values: ["x"] }, [50]))).toThrow(
      expect.objectContaining({ code: "InvalidAggregationException" }),
    );
  });
});

test("the cardinality counts different values", () => {
  expect(finish(cardinalityOf({ type: "String", values: ["a", "b", "a"] }))).toBe(2);
});

test("buckets begin with the most frequent value, and equal counts are in the order of the values", () => {
  const values = ["2.0", "1.9", "1.10", "2.0", "1.9", "2.0", "3"];
  expect(finish(bucketsOf({ type: "String", values }, 3))).toEqual([
    { keyValue: "2.0", count: 3 },
    { keyValue: "1.9", count: 2 },
    { keyValue: "1.10", count: 1 },
  ]);
  expect(finish(bucketsOf({ type: "Boolean", values: [true] }, 10))).toEqual([
    { keyValue: "true", count: 1 },
  ]);
});
