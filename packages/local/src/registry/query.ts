/**
 * A subset of AWS IoT's query language over the registry. Source: AWS IoT Developer Guide, "Query syntax": terms
 * `field:value` with the wildcards `*` and `?`, joined by AND, OR, NOT (or `-`) and parentheses; two terms side by side
 * are joined by AND. Values are compared in their case.
 */
import { AwsError } from "../errors.js";
import { type Glob, globOf, literalGlob, matchesGlob } from "../glob.js";

/** What a query is asked about: the values that a thing has in a field, none where it has no such field. */
export type ValuesOf = (field: string) => readonly string[];

export type Query = (valuesOf: ValuesOf) => boolean;

/** Characters of a query. Source: AWS General Reference, "AWS IoT Device Management", fleet indexing. */
const QUERY_MAX_LENGTH = 1000;

/** Indexed from other places than the registry, which is all that the stand-in indexes. */
const FIELDS_NOT_MODELLED = /^(shadow|connectivity|deviceDefender|geolocations?|billingGroupName)\b/;
const FIELDS = /^(thingName|thingId|thingTypeName|thingGroupNames|attributes\..+)$/;

/** @throws {AwsError} InvalidQuery: not in form, or with a part of the language that is not modelled */
export function parseQuery(text: string): Query {
  if (text.length > QUERY_MAX_LENGTH) {
    throw invalidQuery(`it has ${text.length} characters, at most ${QUERY_MAX_LENGTH} are taken`);
  }
  const tokens = tokensOf(text);
  let at = 0;
  const next = () => tokens[at];

  function alternatives(field?: string): Query {
    const parts = [conjunction(field)];
    while (next() === "OR") {
      at += 1;
      parts.push(conjunction(field));
    }
    return (valuesOf) => parts.some((part) => part(valuesOf));
  }

  function conjunction(field?: string): Query {
    const parts = [negation(field)];
    for (let token = next(); token !== undefined && token !== "OR" && token !== ")"; token = next()) {
      if (token === "AND") at += 1;
      parts.push(negation(field));
    }
    return (valuesOf) => parts.every((part) => part(valuesOf));
  }

  function negation(field?: string): Query {
    if (next() !== "NOT") return primary(field);
    at += 1;
    const part = negation(field);
    return (valuesOf) => !part(valuesOf);
  }

  function primary(field?: string): Query {
    const token = next();
    at += 1;
    if (token === "(") {
      const inner = alternatives(field);
      if (next() !== ")") throw invalidQuery("a parenthesis is not closed");
      at += 1;
      return inner;
    }
    if (typeof token !== "object") throw invalidQuery(`a term is missing before ${token ?? "its end"}`);
    if (field !== undefined) {
      if (token.field !== undefined || token.pattern === undefined)
        throw invalidQuery(`${field}:(...) holds values only`);
      return term(field, token.pattern);
    }
    if (token.field === undefined) {
      if (token.isEverything) return () => true;
      throw invalidQuery(`the term ${token.text} names no field; terms without one are not modelled`);
    }
    checkField(token.field);
    if (token.pattern !== undefined) return term(token.field, token.pattern);
    if (next() !== "(") throw invalidQuery(`${token.field}: has no value`);
    return primary(token.field);
  }

  const query = alternatives();
  if (at < tokens.length) throw invalidQuery("a parenthesis is closed that was not opened");
  return query;
}

function term(field: string, pattern: Glob): Query {
  return (valuesOf) => valuesOf(field).some((value) => matchesGlob(pattern, value));
}

function checkField(field: string): void {
  if (FIELDS_NOT_MODELLED.test(field)) {
    throw invalidQuery(`${field} is not modelled by fota local; the registry alone is indexed`);
  }
  if (!FIELDS.test(field)) throw invalidQuery(`there is no field ${field}`);
}

interface Term {
  /** As it was written. */
  text: string;
  field?: string;
  /** Absent where a parenthesis with values follows. */
  pattern?: Glob;
  isEverything: boolean;
}

type Token = "(" | ")" | "AND" | "OR" | "NOT" | Term;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // A parenthesis, the minus of NOT, or a term: escaped, quoted and plain characters.
  const scanner = /\s*(?:([()])|(-)|((?:\\.|"(?:\\.|[^"\\])*"|[^\s()"\\])+))/suy;
  while (text.slice(scanner.lastIndex).trim() !== "") {
    const from = scanner.lastIndex;
    const match = scanner.exec(text);
    if (match === null)
      throw invalidQuery(`it cannot be read from ${JSON.stringify(text.slice(from).trim())}`);
    const [, parenthesis, minus, written = ""] = match;
    if (parenthesis === "(" || parenthesis === ")") tokens.push(parenthesis);
    else if (minus !== undefined) tokens.push("NOT");
    else if (written === "AND" || written === "OR" || written === "NOT") tokens.push(written);
    else tokens.push(termOf(written));
  }
  if (tokens.length === 0) throw invalidQuery("it is empty");
  return tokens;
}

function termOf(text: string): Term {
  const [, field, rest] = /^((?:\\.|[^\\":])+):(.*)$/su.exec(text) ?? [];
  const value = field === undefined ? text : (rest ?? "");
  if (/^[[{<>=!]|[~^]/.test(value.replace(/\\.|"[^"]*"/gsu, ""))) {
    throw invalidQuery(`${text}: ranges, comparisons and fuzzy terms are not modelled by fota local`);
  }
  return {
    text,
    ...(field !== undefined && { field: field.replace(/\\(.)/gsu, "$1") }),
    ...(value !== "" && { pattern: patternOf(value) }),
    isEverything: text === "*",
  };
}

/** Wildcards are such outside of quotes and without a backslash before them. */
function patternOf(value: string): Glob {
  const parts = value.matchAll(/\\(.)|"((?:\\.|[^"\\])*)"|([^\\"]+)/gsu);
  return [...parts].flatMap(([, escaped, quoted, plain = ""]) => {
    const exact = escaped ?? quoted?.replace(/\\(.)/gsu, "$1");
    return exact === undefined ? globOf(plain) : literalGlob(exact);
  });
}

function invalidQuery(fault: string): AwsError {
  return new AwsError("InvalidQueryException", 400, `The query is not valid: ${fault}`);
}
