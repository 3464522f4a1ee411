/** The words of a query. Source: AWS IoT Developer Guide, "Query syntax" and "Example thing queries". */
import { AwsError } from "../errors.js";
import { boundOf, equals, liesBetween, unescaped, type ValueTest } from "./query-values.js";

/** One term: what is asked, of which field. */
export interface Term {
  /** As it was written. */
  text: string;
  /** Absent: of any field. */
  field?: string;
  test: ValueTest;
  /** A single value, such as a parenthesis behind a field takes. */
  isValue: boolean;
  beginsWithWildcard: boolean;
}

/** `field:` with a parenthesis behind it. */
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
export function tokensOf(text: string): Token[] {
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
    const field = unescaped(written);
    if (operator === "=") throw invalidQuery(`${field}= is no comparison; write ${field}:value`);
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
    const bound = boundOf(written, operator.endsWith("="));
    const test = operator.startsWith("<") ? liesBetween(undefined, bound) : liesBetween(bound, undefined);
    return { text: `${field}${operator}${written}`, field, test, isValue: false, beginsWithWildcard: false };
  }

  function range(field: string): Term {
    const from = at;
    const [written = "", opening, lower = "", upper = "", closing] = take(RANGE) ?? [];
    if (opening === undefined) {
      throw invalidQuery(`${text.slice(from).trim()} is no range; write [lower TO upper]`);
    }
    const limits = [lower, upper].filter((limit) => limit !== "*");
    // 1.0 TO 1.9.0: a number here and a text there would leave no value between them.
    const isText = limits.some((limit) => typeof boundOf(limit, true).limit === "string");
    const bound = (limit: string, isIncluded: boolean) => {
      if (limit === "*") return undefined;
      checkLimit(limit);
      return boundOf(isText && !limit.startsWith('"') ? `"${limit}"` : limit, isIncluded);
    };
    const test = liesBetween(bound(lower, opening === "["), bound(upper, closing === "]"));
    return { text: `${field}:${written}`, field, test, isValue: false, beginsWithWildcard: false };
  }

  function value(missing: () => AwsError): Term {
    const written = take(VALUE)?.[0];
    if (written === undefined && text[at] === '"') throw unreadable(); // it is not closed
    if (written === undefined || isOperator(written)) throw missing();
    checkValue(written);
    const beginsWithWildcard = /^[*?]/u.test(written) && written !== "*";
    return { text: written, test: equals(written), isValue: true, beginsWithWildcard };
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

/** Lucene's other operators are no part of AWS's language: they would be searched for as text. */
function checkValue(written: string): void {
  const bare = written.replace(/\\.|"[^"]*"/gsu, "");
  if (/[~^]/u.test(bare)) throw invalidQuery(`${written}: fuzzy, proximity and boosted terms are not taken`);
  if (/^(?:!|&&|\|\|)/u.test(bare)) throw invalidQuery(`${written}: write AND, OR and NOT`);
  if (/^[[{\]}<>=]/u.test(bare))
    throw invalidQuery(`${written}: a range or comparison needs a field before it`);
}

function checkLimit(written: string): void {
  if (written.startsWith('"')) return;
  checkValue(written);
  if (/[*?]/u.test(written.replace(/\\./gsu, ""))) throw invalidQuery(`${written}: a limit has no wildcards`);
}

export function invalidQuery(fault: string): AwsError {
  return new AwsError("InvalidQueryException", 400, `The query is not valid: ${fault}`);
}
