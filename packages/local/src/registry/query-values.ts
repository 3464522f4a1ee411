/** What one term of a query asks of a value. Case does not count. Source: AWS IoT Developer Guide, "Query syntax". */
import { type Glob, globOf, literalGlob, matchesGlob } from "../glob.js";

export type ValueTest = (value: string) => boolean;

/** One end of a range. */
export interface Bound {
  /** A number is held against numbers alone; a text, in lower case, against any value as text. */
  limit: number | string;
  isIncluded: boolean;
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu;

/** The value is the one that is written, whose wildcards are such outside of quotes and without a backslash. */
export function equals(written: string): ValueTest {
  const parts = written.toLowerCase().matchAll(/\\(.)|"((?:\\.|[^"\\])*)"|([^\\"]+)/gsu);
  const pattern: Glob = [...parts].flatMap(([, escaped, quoted, plain = ""]) => {
    const exact = escaped ?? (quoted === undefined ? undefined : unescaped(quoted));
    return exact === undefined ? globOf(plain) : literalGlob(exact);
  });
  return (value) => matchesGlob(pattern, value.toLowerCase());
}

/**
 * The value lies between the two, where they are given. Text is compared from left to right, so that "1.10.0" comes
 * before "1.9.0": fleet indexing knows numbers and text, and no versions.
 */
export function liesBetween(lower: Bound | undefined, upper: Bound | undefined): ValueTest {
  return (value) => {
    const aboveLower = lower === undefined ? 1 : orderOf(value, lower.limit);
    const belowUpper = upper === undefined ? 1 : -orderOf(value, upper.limit);
    return (
      (aboveLower > 0 || (aboveLower === 0 && lower?.isIncluded === true)) &&
      (belowUpper > 0 || (belowUpper === 0 && upper?.isIncluded === true))
    );
  };
}

/** Quoted it is text, else a number where it is written like one. */
export function boundOf(written: string, isIncluded: boolean): Bound {
  const quoted = /^"(.*)"$/su.exec(written)?.[1];
  if (quoted === undefined && NUMBER.test(written)) return { limit: Number(written), isIncluded };
  return { limit: unescaped(quoted ?? written).toLowerCase(), isIncluded };
}

export function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, "$1");
}

/** Above 0: the value comes after the limit. NaN: the two cannot be compared. */
function orderOf(value: string, limit: number | string): number {
  if (typeof limit === "number") return NUMBER.test(value) ? Number(value) - limit : Number.NaN;
  const text = value.toLowerCase();
  if (text === limit) return 0;
  return text > limit ? 1 : -1;
}
