/**
 * Tests that one term of a query applies to a value, ignoring case. Source: AWS IoT Developer Guide, "Query syntax".
 */
import { type Glob, literalGlob, matchesGlob, parseGlob } from "../glob.js";

export type ValueTest = (value: string) => boolean;

/** One end of a range. */
export interface Bound {
  /** A number is compared with numbers only; a string, in lower case, with any value as a string. */
  limit: number | string;
  isIncluded: boolean;
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu;

/** Tests for a written value. `*` and `?` are wildcards unless they are quoted or escaped with a backslash. */
export function matchesValue(written: string): ValueTest {
  const parts = written.toLowerCase().matchAll(/\\(.)|"((?:\\.|[^"\\])*)"|([^\\"]+)/gsu);
  const pattern: Glob = [...parts].flatMap(([, escaped, quoted, plain = ""]) => {
    const exact = escaped ?? (quoted === undefined ? undefined : unescapeText(quoted));
    return exact === undefined ? parseGlob(plain) : literalGlob(exact);
  });
  return (value) => matchesGlob(pattern, value.toLowerCase());
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
function compareValues(value: string, limit: number | string): number {
  if (typeof limit === "number") return NUMBER.test(value) ? Number(value) - limit : Number.NaN;
  const text = value.toLowerCase();
  if (text === limit) return 0;
  return text > limit ? 1 : -1;
}
