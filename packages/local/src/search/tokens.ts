/** Splits a query into tokens. Source: AWS IoT Developer Guide, "Query syntax" and "Example thing queries". */
import { AwsError } from "../errors.js";
import { isBetween, matchesValue, parseBound, unescapeText, type ValueTest } from "./values.js";

/** One term of a query: a test of a field's value. */
export interface Term {
  /** The term as written, without its field. */
  written: string;
  /** Absent if the term applies to any field. */
  field?: string;
  test: ValueTest;
  /** Whether it is a single value, the only kind allowed in `field:(...)`. */
  isValue: boolean;
}

/** `field:` before a parenthesis. */
export interface GroupField {
  groupField: string;
}

type Operator = "AND" | "OR" | "NOT";
export type Token = "(" | ")" | Operator | Term | GroupField;

const FIELD = /\s*((?:\\.|[^\\\s"():<>=[\]{}])+)\s*(:|<=|>=|<|>|=)\s*/suy;
const VALUE = /(?:\\.|"(?:\\.|[^"\\])*"|[^\s()"\\])+/suy;
const BOUND = String.raw`"(?:\\.|[^"\\])*"|(?:\\.|[^\s"()[\]{}\\])+`;
const RANGE = new RegExp(String.raw`([[{])\s*(${BOUND})\s+(?:TO\s+)?(${BOUND})\s*([\]}])`, "suy");
const LIMIT = new RegExp(BOUND, "suy");
const OPERATOR = /(?:AND|OR|NOT|&&|\|\|)(?=[\s()]|$)(?!\s*[:<>=])/suy;
const WORD = /\s*(?:([()])|([-!])|(?=(\S)))/suy;
const OPERATORS: Readonly<Record<string, Operator>> = {
  AND: "AND",
  "&&": "AND",
  OR: "OR",
  "||": "OR",
  NOT: "NOT",
};

/** @throws {AwsError} InvalidQuery */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const fail = (fault: string) => invalidQuery(text, fault);

  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  }

  function unreadable(): AwsError {
    return fail(`it cannot be read from ${JSON.stringify(text.slice(at).trim())}`);
  }

  function fieldToken(written: string, operator: string): Token {
    const field = unescapeText(written);
    if (operator === "=") throw fail(`${field}= is not a comparison; write ${field}:value`);
    if (operator !== ":") return comparison(field, operator);
    if (text[at] === "(") return { groupField: field };
    if (text[at] === "[" || text[at] === "{") return range(field);
    return { ...value(() => fail(`${field}: has no value`)), field };
  }

  function comparison(field: string, operator: string): Term {
    const written = take(LIMIT)?.[0];
    if (written === undefined || operatorOf(written) !== undefined) {
      throw fail(`${field}${operator} has nothing to compare with`);
    }
    checkLimit(written);
    const bound = parseBound(written, operator.endsWith("="));
    const test = operator.startsWith("<") ? isBetween(undefined, bound) : isBetween(bound, undefined);
    return { written: `${operator}${written}`, field, test, isValue: false };
  }

  function range(field: string): Term {
    const from = at;
    const [written = "", opening, lower = "", upper = "", closing] = take(RANGE) ?? [];
    if (opening === undefined || lower === "TO" || upper === "TO") {
      throw fail(`${text.slice(from).trim()} is not a range; write [lower TO upper]`);
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
    return { written, field, test, isValue: false };
  }

  function value(missing: () => AwsError): Term {
    const written = take(VALUE)?.[0];
    if (written === undefined && text[at] === '"') throw unreadable(); // it is not closed
    if (written === undefined || operatorOf(written) !== undefined) throw missing();
    checkValue(written);
    return { written, test: matchesValue(written), isValue: true };
  }

  /** Refuses what AWS's language lacks. It would otherwise be searched for as text. */
  function checkValue(written: string): void {
    const bare = bareText(written);
    if (/~/u.test(bare)) throw fail(`unsupported query type - fuzzy: ${written}`);
    if (/\^/u.test(bare)) throw fail(`unsupported query type - boost: ${written}`);
    if (/^(?:&&|\|\|)/u.test(bare)) throw fail(`${written}: write AND and OR`);
    if (/^[[{\]}<>=]/u.test(bare)) throw fail(`${written}: a range or comparison needs a field before it`);
  }

  function checkLimit(written: string): void {
    if (written.startsWith('"')) return;
    if (/[~^]/u.test(bareText(written))) throw fail(`${written}: a limit must be a number or text`);
    if (/[*?]/u.test(bareText(written))) throw fail(`${written}: a limit must not contain wildcards`);
  }

  while (text.slice(at).trim() !== "") {
    const [, parenthesis, minus] = take(WORD) ?? [];
    if (parenthesis === "(" || parenthesis === ")") {
      tokens.push(parenthesis);
    } else if (minus !== undefined) {
      tokens.push("NOT");
    } else {
      const operator = operatorOf(take(OPERATOR)?.[0]);
      const field = operator === undefined ? take(FIELD) : undefined;
      if (operator !== undefined) tokens.push(operator);
      else if (field !== undefined) tokens.push(fieldToken(field[1] ?? "", field[2] ?? ""));
      else tokens.push(value(unreadable));
    }
  }
  if (tokens.length === 0) throw fail("it is empty");
  return tokens;
}

/** Returns the text without what is quoted or escaped. */
export function bareText(written: string): string {
  return written.replace(/\\.|"(?:\\.|[^"\\])*"/gsu, "");
}

function operatorOf(word: string | undefined): Operator | undefined {
  return word !== undefined && Object.hasOwn(OPERATORS, word) ? OPERATORS[word] : undefined;
}

/** The message begins and ends like AWS's. */
export function invalidQuery(text: string, fault: string): AwsError {
  return new AwsError("InvalidQueryException", 400, `Unable to parse query, ${fault}, query string: ${text}`);
}
