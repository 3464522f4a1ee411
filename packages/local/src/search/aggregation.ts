/**
 * Aggregates the values of a field. Source: AWS IoT Developer Guide, "Querying for aggregate data"; the way percentiles are
 * interpolated: AWS CLI Command Reference, example of get-percentiles.
 */
import { AwsError } from "../errors.js";
import type { Work } from "../turns.js";
import type { FieldType } from "./indexing.js";
import type { FieldReader } from "./query.js";
import { FirstOnes, sortNumbers } from "./sorting.js";
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

/** Values that are looked at in one part of the work. */
const VALUES_OF_A_PART = 1_000;

/** Yields values, and lets others have their turns after each part of them. */
function* inParts<T>(values: Iterable<T>, use: (value: T) => void): Work<void> {
  let count = 0;
  for (const value of values) {
    use(value);
    count += 1;
    if (count % VALUES_OF_A_PART === 0) yield;
  }
}

/** Returns the values with the declared type, or with the only type that all of them have, else as text. */
export function* typedValues(values: readonly Value[], declared: FieldType | undefined): Work<TypedValues> {
  if (declared === "Number") return { type: "Number", values: yield* readSome(values, numberOf) };
  if (declared === "Boolean") return { type: "Boolean", values: yield* readSome(values, booleanOf) };
  if (declared === "String") return { type: "String", values: yield* readSome(values, textOf) };
  const numbers = yield* readAll(values, numberOf);
  if (numbers !== undefined) return { type: "Number", values: numbers };
  const booleans = yield* readAll(values, booleanOf);
  if (booleans !== undefined) return { type: "Boolean", values: booleans };
  return { type: "String", values: yield* readSome(values, String) };
}

type Read<T> = (value: Value) => T | undefined;

/** Returns the values that can be read. */
function* readSome<T>(values: readonly Value[], read: Read<T>): Work<T[]> {
  const found: T[] = [];
  yield* inParts(values, (value) => {
    const one = read(value);
    if (one !== undefined) found.push(one);
  });
  return found;
}

/** Returns the values; `undefined` if one of them cannot be read, or there are none. */
function* readAll<T>(values: readonly Value[], read: Read<T>): Work<T[] | undefined> {
  const found: T[] = [];
  for (const value of values) {
    const one = read(value);
    if (one === undefined) return undefined;
    found.push(one);
    if (found.length % VALUES_OF_A_PART === 0) yield;
  }
  return found.length === 0 ? undefined : found;
}

/** Returns the count alone for text, and for numbers whose sums are too large. */
export function* statisticsOf({ type, values }: TypedValues): Work<Statistics> {
  const count = values.length;
  if (type === "String" || count === 0) return { count };
  let [sum, sumOfSquares, minimum, maximum] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  yield* inParts<number | boolean>(values, (each) => {
    const value = Number(each);
    sum += value;
    sumOfSquares += value * value;
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
  });
  if (!Number.isFinite(sumOfSquares)) return { count };
  const average = sum / count;
  const simple = { count, average, sum, minimum, maximum };
  if (type === "Boolean") return simple;
  let squares = 0;
  yield* inParts(values, (value) => {
    squares += (value - average) ** 2;
  });
  const variance = squares / count;
  return { ...simple, sumOfSquares, variance, stdDeviation: Math.sqrt(variance) };
}

/**
 * Returns the value below which each percentage of the numbers lies, between two of them if necessary.
 * @throws {AwsError} InvalidAggregation if the field does not have numbers
 */
export function* percentilesOf(name: string, { type, values }: TypedValues, percents: readonly number[]) {
  if (values.length === 0) return [];
  if (type !== "Number")
    throw invalidAggregation(`${name} is of type ${type}, percentiles need a field of type Number`);
  const sorted = yield* sortNumbers(values);
  return percents.map((percent) => {
    const rank = ((sorted.length - 1) * percent) / 100;
    const below = sorted[Math.floor(rank)] ?? 0;
    const above = sorted[Math.ceil(rank)] ?? 0;
    return { percent, value: below + (above - below) * (rank - Math.floor(rank)) };
  });
}

/** Returns how many different values there are. AWS's number is an approximation. */
export function* cardinalityOf({ values }: TypedValues): Work<number> {
  const different = new Set<Value>();
  yield* inParts<Value>(values, (value) => different.add(value));
  return different.size;
}

/** Returns the most frequent values, the most frequent first. */
export function* bucketsOf({ values }: TypedValues, maxBuckets: number): Work<Bucket[]> {
  const counts = new Map<Value, number>();
  yield* inParts<Value>(values, (value) => counts.set(value, (counts.get(value) ?? 0) + 1));
  const first = new FirstOnes(maxBuckets, compareBuckets);
  yield* inParts(counts, ([value, count]) => first.add({ keyValue: String(value), count }));
  return first.sorted();
}

export function invalidAggregation(message: string): AwsError {
  return new AwsError("InvalidAggregationException", 400, message);
}

function textOf(value: Value): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Attributes are text, also those with the values of a boolean. */
function booleanOf(value: Value): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === "true") return true;
  return value === "false" ? false : undefined;
}

function compareBuckets(a: Bucket, b: Bucket): number {
  if (a.count !== b.count) return b.count - a.count;
  if (a.keyValue === b.keyValue) return 0;
  return a.keyValue < b.keyValue ? -1 : 1;
}
