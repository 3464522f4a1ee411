/**
 * Aggregates the values of a field. Source: AWS IoT Developer Guide, "Querying for aggregate data"; the way percentiles are
 * interpolated: AWS CLI Command Reference, example of get-percentiles.
 */
import { AwsError } from "../errors.js";
import type { FieldType } from "./indexing.js";
import type { FieldReader } from "./query.js";
import { numberOf, type Value } from "./values.js";

/** A field that can be aggregated. */
export interface AggregatedField<D> {
  name: string;
  /** Absent if it has no declared type: it then has the type of its values. */
  type: FieldType | undefined;
  values: FieldReader<D>["values"];
}

/** The values of a field, of one type. Values of another type are left out, as at AWS. */
export type TypedValues =
  | { type: "Number"; values: number[] }
  | { type: "Boolean"; values: boolean[] }
  | { type: "String"; values: string[] };

export interface Statistics {
  count: number;
  average?: number;
  sum?: number;
  minimum?: number;
  maximum?: number;
  sumOfSquares?: number;
  variance?: number;
  stdDeviation?: number;
}

export interface Bucket {
  keyValue: string;
  count: number;
}

/** Returns the values with the declared type, or with the only type that all of them have, else as text. */
export function typedValues(values: readonly Value[], declared: FieldType | undefined): TypedValues {
  const numbers = values.flatMap((value) => numberOf(value) ?? []);
  const booleans = values.flatMap((value) => booleanOf(value) ?? []);
  if (declared === "Number" || (declared === undefined && isAll(numbers, values))) {
    return { type: "Number", values: numbers };
  }
  if (declared === "Boolean" || (declared === undefined && isAll(booleans, values))) {
    return { type: "Boolean", values: booleans };
  }
  const texts =
    declared === "String" ? values.filter((value) => typeof value === "string") : values.map(String);
  return { type: "String", values: texts };
}

/** Returns the count alone for text, and for numbers whose sums are too large. */
export function statisticsOf({ type, values }: TypedValues): Statistics {
  const count = values.length;
  if (type === "String" || count === 0) return { count };
  const numbers = values.map(Number);
  const sum = sumOf(numbers);
  const average = sum / count;
  const sumOfSquares = sumOf(numbers.map((value) => value * value));
  if (!Number.isFinite(sumOfSquares)) return { count };
  const minimum = numbers.reduce((a, b) => Math.min(a, b));
  const maximum = numbers.reduce((a, b) => Math.max(a, b));
  const simple = { count, average, sum, minimum, maximum };
  if (type === "Boolean") return simple;
  const variance = sumOf(numbers.map((value) => (value - average) ** 2)) / count;
  return { ...simple, sumOfSquares, variance, stdDeviation: Math.sqrt(variance) };
}

/**
 * Returns the value below which each percentage of the numbers lies, between two of them if necessary.
 * @throws {AwsError} InvalidAggregation if the field does not have numbers
 */
export function percentilesOf(name: string, { type, values }: TypedValues, percents: readonly number[]) {
  if (values.length === 0) return [];
  if (type !== "Number")
    throw invalidAggregation(`${name} is of type ${type}, percentiles need a field of type Number`);
  const sorted = Float64Array.from(values).sort();
  return percents.map((percent) => {
    const rank = ((sorted.length - 1) * percent) / 100;
    const below = sorted[Math.floor(rank)] ?? 0;
    const above = sorted[Math.ceil(rank)] ?? 0;
    return { percent, value: below + (above - below) * (rank - Math.floor(rank)) };
  });
}

/** Returns how many different values there are. AWS's number is an approximation. */
export function cardinalityOf({ values }: TypedValues): number {
  return new Set<Value>(values).size;
}

/** Returns the most frequent values, the most frequent first. */
export function bucketsOf({ values }: TypedValues, maxBuckets: number): Bucket[] {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ keyValue: String(value), count }))
    .sort((a, b) => b.count - a.count || compare(a.keyValue, b.keyValue))
    .slice(0, maxBuckets);
}

export function invalidAggregation(message: string): AwsError {
  return new AwsError("InvalidAggregationException", 400, message);
}

function isAll(typed: readonly Value[], values: readonly Value[]): boolean {
  return values.length > 0 && typed.length === values.length;
}

/** Attributes are text, also those with the values of a boolean. */
function booleanOf(value: Value): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true") return true;
  return value === "false" ? false : undefined;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
