/** Splits a query into tokens. Source: AWS IoT Developer Guide, "Query syntax" and "Example thing queries". */
import { AwsError } from "../errors.js";
import { isBetween, matchesValue, parseBound, unescapeText, type ValueTest } from "./query-values.js";

/** One term of a query: a test of a field's value. */
export interface Term {
  /** The term as written. */
  text: string;
  /** Absent if the term applies to any field. */
  field?: string;
  test: ValueTest;
  /** Whether it is a single value, the only kind allowed in `field:(...)`. */
  isValue: boolean;
  beginsWithWildcard: boolean;
}

/** `field:` before a parenthesis. */
export interface GroupField {
  groupField: string;
}

export type Token = "(" | ")" | "AND" | "OR" | "NOT" | Term | GroupField;

const FIELD = /\s*((?:\\.|[^\\\s"():<>=[\]{}])+)\s*(:|<=|>=|<|>|=)\s*/suy;
const VALUE = /(?:\\.|"(?:\\.|[^"\\])*"|[^\s()"\\])+/suy;
const BOUND = String.raw`"(?:\\.|[^"\\])*"|(?:\\.|[^\s"()[\]{}\\])+`;
const RANGE = new RegExp(String.raw`([[{])\s*(${BOUND})\s+TO\s+(${BOUND})\s*([\]}])`, "suy");
const LIMIT = new RegExp(BOUND, "suy");
const OPERATOR = /(?:AND|OR|NOT)(?=[\s()]|$)(?!\s*[:<>=])/suy;
const WORD = /\s*(?:([()])|(-)|(?=(\S)))/suy;

/** @throws {AwsError} InvalidQuery */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;

  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  }

  function unreadable(): AwsError {
    return invalidQuery(`it cannot be read from ${JSON.stringify(text.slice(at).trim())}`);
  }

  function fieldToken(written: string, operator: string): Token {
    const field = unescapeText(written);
    if (operator === "=") throw invalidQuery(`${field}= is not a comparison; write ${field}:value`);
    if (operator !== ":") return comparison(field, operator);
    if (text[at] === "(") return { groupField: field };
    if (text[at] === "[" || text[at] === "{") return range(field);
    return { ...value(() => invalidQuery(`${field}: has no value`)), field };
  }

  function comparison(field: string, operator: string): Term {
    const written = take(LIMIT)?.[0];
    if (written === undefined || isOperator(written)) {
      throw invalidQuery(`${field}${operator} has nothing to compare with`);
    }
    checkLimit(written);
    const bound = parseBound(written, operator.endsWith("="));
    const test = operator.startsWith("<") ? isBetween(undefined, bound) : isBetween(bound, undefined);
    return { text: `${field}${operator}${written}`, field, test, isValue: false, beginsWithWildcard: false };
  }

  function range(field: string): Term {
    const from = at;
    const [written = "", opening, lower = "", upper = "", closing] = take(RANGE) ?? [];
    if (opening === undefined) {
      throw invalidQuery(`${text.slice(from).trim()} is not a range; write [lower TO upper]`);
    }
    const limits = [lower, upper].filter((limit) => limit !== "*");
    // In 1.0 TO 1.9.0, a number and a string as limits would match nothing, so both are compared as strings.
    const isText = limits.some((limit) => typeof parseBound(limit, true).limit === "string");
    const bound = (limit: string, isIncluded: boolean) => {
      if (limit === "*") return undefined;
      checkLimit(limit);
      return parseBound(isText && !limit.startsWith('"') ? `"${limit}"` : limit, isIncluded);
    };
    const test = isBetween(bound(lower, opening === "["), bound(upper, closing === "]"));
    return { text: `${field}:${written}`, field, test, isValue: false, beginsWithWildcard: false };
  }

  function value(missing: () => AwsError): Term {
    const written = take(VALUE)?.[0];
    if (written === undefined && text[at] === '"') throw unreadable(); // it is not closed
    if (written === undefined || isOperator(written)) throw missing();
    checkValue(written);
    const beginsWithWildcard = /^[*?]/u.test(written) && written !== "*";
    return { text: written, test: matchesValue(written), isValue: true, beginsWithWildcard };
  }

  while (text.slice(at).trim() !== "") {
    const [, parenthesis, minus] = take(WORD) ?? [];
    if (parenthesis === "(" || parenthesis === ")") {
      tokens.push(parenthesis);
    } else if (minus !== undefined) {
      tokens.push("NOT");
    } else {
      const operator = take(OPERATOR)?.[0];
      const field = operator === undefined ? take(FIELD) : undefined;
      if (isOperator(operator)) tokens.push(operator);
      else if (field !== undefined) tokens.push(fieldToken(field[1] ?? "", field[2] ?? ""));
      else tokens.push(value(unreadable));
    }
  }
  if (tokens.length === 0) throw invalidQuery("it is empty");
  return tokens;
}

function isOperator(word: string | undefined): word is "AND" | "OR" | "NOT" {
  return word === "AND" || word === "OR" || word === "NOT";
}

/** Refuses Lucene's other operators: AWS's language lacks them, so they would be searched for as text. */
function checkValue(written: string): void {
  const bare = written.replace(/\\.|"[^"]*"/gsu, "");
  if (/[~^]/u.test(bare))
    throw invalidQuery(`${written}: fuzzy, proximity and boosted terms are not supported`);
  if (/^(?:!|&&|\|\|)/u.test(bare)) throw invalidQuery(`${written}: write AND, OR and NOT`);
  if (/^[[{\]}<>=]/u.test(bare))
    throw invalidQuery(`${written}: a range or comparison needs a field before it`);
}

function checkLimit(written: string): void {
  if (written.startsWith('"')) return;
  checkValue(written);
  if (/[*?]/u.test(written.replace(/\\./gsu, "")))
    throw invalidQuery(`${written}: a limit must not contain wildcards`);
}

export function invalidQuery(fault: string): AwsError {
  return new AwsError("InvalidQueryException", 400, `The query is not valid: ${fault}`);
}
