/**
 * Tests that one term of a query applies to a value, ignoring case. Source: AWS IoT Developer Guide, "Query syntax" and
 * "Manage thing indexing".
 */
import { type Glob, literalGlob, matchesGlob, parseGlob } from "../glob.js";

/** An indexed value. Attributes are always strings; shadows also have numbers and booleans. */
export type Value = string | number | boolean;
export type ValueTest = (value: Value) => boolean;

/** One end of a range. */
export interface Bound {
  /** A number is compared with numbers only; a string, in lower case, with any value as a string. */
  limit: number | string;
  isIncluded: boolean;
}

/** A number in a query. */
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?$/iu;

/** Returns the value as a number; `undefined` for a boolean, and for text that is not a JSON number. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && JSON_NUMBER.test(value) ? Number(value) : undefined;
}

/**
 * Tests for a written value. `*` and `?` are wildcards unless they are quoted or escaped with a backslash. A number
 * matches however it is written. In a value with spaces, a word or several words in a row match too.
 */
export function matchesValue(written: string): ValueTest {
  const pattern: Glob = partsOf(written).flatMap(({ text, isExact }) =>
    isExact ? literalGlob(text) : parseGlob(text),
  );
  const number = NUMBER.test(written) ? Number(written) : undefined;
  const wordCount = unescapeText(written.replaceAll('"', "")).trim().split(/\s+/u).length;
  return (value) => {
    if (typeof value === "number" && number !== undefined) return value === number;
    const text = String(value).toLowerCase();
    if (matchesGlob(pattern, text)) return true;
    if (number !== undefined && numberOf(value) === number) return true;
    return /\s/u.test(text) && wordRuns(text, wordCount).some((run) => matchesGlob(pattern, run));
  };
}

interface WrittenPart {
  /** In lower case. */
  text: string;
  /** It was quoted or escaped, so it has no wildcards. */
  isExact: boolean;
}

function partsOf(written: string): WrittenPart[] {
  const parts = [...written.toLowerCase().matchAll(/\\(.)|"((?:\\.|[^"\\])*)"|([^\\"]+)/gsu)];
  return parts.map(([, escaped, quoted, plain = ""]) => {
    const exact = escaped ?? (quoted === undefined ? undefined : unescapeText(quoted));
    return { text: exact ?? plain, isExact: exact !== undefined };
  });
}

/** Returns a key that is the same for all values without spaces that one written value without wildcards matches. */
export function valueKey(text: string): string {
  return NUMBER.test(text) ? `#${Number(text)}` : text.toLowerCase();
}

/** Returns the `valueKey` of what a written value matches; `undefined` if it has wildcards. */
export function writtenKey(written: string): string | undefined {
  const parts = partsOf(written);
  if (parts.some(({ text, isExact }) => !isExact && /[*?]/u.test(text))) return undefined;
  return valueKey(parts.map(({ text }) => text).join(""));
}

/**
 * Tests whether a value lies between the given bounds. Strings are compared from left to right, so "1.10.0" comes before
 * "1.9.0": fleet indexing has numbers and strings, but no versions.
 */
export function isBetween(lower: Bound | undefined, upper: Bound | undefined): ValueTest {
  return (value) => {
    const aboveLower = lower === undefined ? 1 : compareValues(value, lower.limit);
    const belowUpper = upper === undefined ? 1 : -compareValues(value, upper.limit);
    return (
      (aboveLower > 0 || (aboveLower === 0 && lower?.isIncluded === true)) &&
      (belowUpper > 0 || (belowUpper === 0 && upper?.isIncluded === true))
    );
  };
}

/** Parses a bound: a string if it is quoted, else a number if it looks like one. */
export function parseBound(written: string, isIncluded: boolean): Bound {
  const quoted = /^"(.*)"$/su.exec(written)?.[1];
  if (quoted === undefined && NUMBER.test(written)) return { limit: Number(written), isIncluded };
  return { limit: unescapeText(quoted ?? written).toLowerCase(), isIncluded };
}

export function unescapeText(text: string): string {
  return text.replace(/\\(.)/gsu, "$1");
}

/** Returns more than 0 if the value comes after the limit, NaN if the two cannot be compared. */
function compareValues(value: Value, limit: number | string): number {
  if (typeof limit === "number") return (numberOf(value) ?? Number.NaN) - limit;
  const text = String(value).toLowerCase();
  if (text === limit) return 0;
  return text > limit ? 1 : -1;
}

/** Returns every `count` words in a row. */
function wordRuns(text: string, count: number): string[] {
  const words = text.trim().split(/\s+/u);
  return words
    .map((_, index) => words.slice(index, index + count).join(" "))
    .slice(0, 1 - count || undefined);
}
