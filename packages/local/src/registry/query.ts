/**
 * AWS IoT's query language over things. Source: AWS IoT Developer Guide, "Query syntax": terms `field:value`,
 * comparisons and ranges, joined by AND, OR, NOT (or `-`) and parentheses; two terms side by side are joined by AND.
 */
import { type GroupField, invalidQuery, type Term, type Token, tokenize } from "./query-tokens.js";

/** Returns the values that a thing has in a field; none if it lacks the field. */
export type ValuesOf = (field: string) => readonly string[];

export interface Query {
  finds(valuesOf: ValuesOf): boolean;
  /** Whether the query has a term about connectivity. */
  readonly usesConnectivity: boolean;
}

/** Stands for all fields of the registry: a term without a field is searched for in each. */
export const ANY_FIELD = "*";

/** In characters. Source: AWS General Reference, "AWS IoT Device Management", fleet indexing. */
const QUERY_MAX_LENGTH = 1000;
// AWS IoT Developer Guide, "Query syntax".
const TERMS_MAX = 12;
const LEADING_WILDCARDS_MAX = 1;
const LEADING_WILDCARD_QUERY_MAX_LENGTH = 100;

/** AWS indexes these from sources that the stand-in lacks. */
const UNSUPPORTED_FIELDS = /^(shadow|deviceDefender|geolocations?|billingGroupName)\b/;
const CONNECTIVITY = /^connectivity\.(connected|timestamp|disconnectReason)$/;
const FIELDS = /^(thingName|thingId|thingTypeName|thingGroupNames|attributes\..+)$/;

type Condition = (valuesOf: ValuesOf) => boolean;

/**
 * Checks the syntax and the limits of a query in a request. `parseQuery` does not check the limits: groups that an older
 * build saved without them must still load.
 *
 * @throws {AwsError} InvalidQuery
 */
export function checkQuery(text: string): void {
  if (text.length > QUERY_MAX_LENGTH) {
    throw invalidQuery(`it has ${text.length} characters, at most ${QUERY_MAX_LENGTH} are allowed`);
  }
  checkCounts(text, tokenize(text));
  parseQuery(text);
}

/** @throws {AwsError} InvalidQuery when the text is malformed or uses a part of the language that is not supported */
export function parseQuery(text: string): Query {
  const tokens = tokenize(text);
  let at = 0;
  let usesConnectivity = false;
  const next = () => tokens[at];

  function alternatives(field?: string): Condition {
    const parts = [conjunction(field)];
    while (next() === "OR") {
      at += 1;
      parts.push(conjunction(field));
    }
    return (valuesOf) => parts.some((part) => part(valuesOf));
  }

  function conjunction(field?: string): Condition {
    const parts = [negation(field)];
    for (let token = next(); token !== undefined && token !== "OR" && token !== ")"; token = next()) {
      if (token === "AND") at += 1;
      parts.push(negation(field));
    }
    return (valuesOf) => parts.every((part) => part(valuesOf));
  }

  function negation(field?: string): Condition {
    if (next() !== "NOT") return primary(field);
    at += 1;
    const part = negation(field);
    return (valuesOf) => !part(valuesOf);
  }

  function primary(field?: string): Condition {
    const token = next();
    at += 1;
    if (token === "(") return closeParenthesis(alternatives(field));
    if (typeof token !== "object") throw invalidQuery(`a term is missing before ${token ?? "its end"}`);
    if (field !== undefined) {
      if (!isTerm(token) || token.field !== undefined)
        throw invalidQuery(`${field}:(...) may contain values only`);
      return condition(field, token);
    }
    if (isTerm(token)) return condition(token.field ?? ANY_FIELD, token);
    at += 1; // skips the parenthesis, which follows the field directly
    return closeParenthesis(alternatives(token.groupField));
  }

  function closeParenthesis(inner: Condition): Condition {
    if (next() !== ")") throw invalidQuery("a parenthesis is not closed");
    at += 1;
    return inner;
  }

  function condition(field: string, { text: written, test }: Term): Condition {
    if (field === ANY_FIELD && written === "*") return () => true;
    if (CONNECTIVITY.test(field)) usesConnectivity = true;
    else checkField(field);
    return (valuesOf) => valuesOf(field).some(test);
  }

  const finds = alternatives();
  if (at < tokens.length) throw invalidQuery("it has a closing parenthesis without an opening one");
  return { finds, usesConnectivity };
}

function isTerm(token: Term | GroupField): token is Term {
  return "test" in token;
}

function checkCounts(text: string, tokens: readonly Token[]): void {
  const terms = tokens.filter((token): token is Term => typeof token === "object" && isTerm(token));
  if (terms.length > TERMS_MAX) {
    throw invalidQuery(`it has ${terms.length} terms, at most ${TERMS_MAX} are allowed`);
  }
  const leading = terms.filter(({ beginsWithWildcard }) => beginsWithWildcard);
  if (leading.length > LEADING_WILDCARDS_MAX) {
    throw invalidQuery(`${leading.length} of its terms begin with a wildcard, at most one is allowed`);
  }
  if (leading.length > 0 && text.length > LEADING_WILDCARD_QUERY_MAX_LENGTH) {
    throw invalidQuery(
      `it has ${text.length} characters, at most ${LEADING_WILDCARD_QUERY_MAX_LENGTH} are allowed if a term begins with a wildcard`,
    );
  }
}

function checkField(field: string): void {
  if (field === ANY_FIELD || FIELDS.test(field)) return;
  if (UNSUPPORTED_FIELDS.test(field)) {
    throw invalidQuery(`fota local does not support ${field}, only fields of the registry and connectivity`);
  }
  throw invalidQuery(`there is no field ${field}`);
}
