/**
 * AWS IoT's query language. Source: AWS IoT Developer Guide, "Query syntax": terms `field:value`, comparisons and ranges,
 * joined by AND, OR, NOT (or `-`) and parentheses. Two terms side by side mean AND.
 */
import { bareText, type GroupField, invalidQuery, type Term, tokenize } from "./tokens.js";
import { type Value, type ValueTest, writtenKey } from "./values.js";

/** Reads a field of the documents of an index. */
export interface FieldReader<D> {
  /** Returns all values of the field; none if the document lacks it. */
  values: (document: D) => readonly Value[];
  /** Whether the field exists, for `field:*`. By default, it exists if it has values. */
  exists?: (document: D) => boolean;
}

/**
 * Returns the reader of a field, or of all fields for `undefined`.
 * @throws {AwsError} if the index has no such field
 */
export type FieldsOf<D> = (field: string | undefined) => FieldReader<D>;

/** Returns whether a document is a result of a query. */
export type Matches<D> = (document: D) => boolean;

/** A parsed query. */
export type Query = QueryTerm | { all: Query[] } | { any: Query[] } | { not: Query };

interface QueryTerm extends Pick<Term, "written" | "test" | "isValue"> {
  /** Absent if the term applies to any field. */
  field: string | undefined;
}

// AWS IoT Developer Guide, "Query syntax"; wildcards of one term: as AWS IoT answers.
const TERMS_MAX = 12;
const LEADING_WILDCARDS_MAX = 1;
const LEADING_WILDCARD_QUERY_MAX_LENGTH = 100;
const WILDCARDS_OF_A_TERM_MAX = 2;

/** Parses a query. Its limits and fields are checked separately. @throws {AwsError} InvalidQuery */
export function parseQuery(text: string): Query {
  const tokens = tokenize(text);
  let at = 0;
  const next = () => tokens[at];

  /** Terms side by side: AWS joins them more loosely than OR does. */
  function clauses(field?: string): Query {
    const parts = [alternatives(field)];
    while (next() !== undefined && next() !== ")") parts.push(alternatives(field));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { all: parts };
  }

  function alternatives(field?: string): Query {
    const parts = [conjunction(field)];
    while (next() === "OR") {
      at += 1;
      parts.push(conjunction(field));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { any: parts };
  }

  function conjunction(field?: string): Query {
    const parts = [negation(field)];
    while (next() === "AND") {
      at += 1;
      parts.push(negation(field));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { all: parts };
  }

  function negation(field?: string): Query {
    if (next() !== "NOT") return primary(field);
    at += 1;
    return { not: negation(field) };
  }

  function primary(field?: string): Query {
    const token = next();
    at += 1;
    if (token === "(") return closeParenthesis(clauses(field));
    if (typeof token !== "object") throw invalidQuery(text, `a term is missing before ${token ?? "its end"}`);
    if (field !== undefined) {
      if (!isTerm(token) || token.field !== undefined)
        throw invalidQuery(text, `${field}:(...) may contain values only`);
      return term(field, token);
    }
    if (isTerm(token)) return term(token.field, token);
    at += 1; // skips the parenthesis, which follows the field directly
    return closeParenthesis(clauses(token.groupField));
  }

  function closeParenthesis(inner: Query): Query {
    if (next() !== ")") throw invalidQuery(text, "a parenthesis is not closed");
    at += 1;
    return inner;
  }

  const query = clauses();
  if (at < tokens.length) throw invalidQuery(text, "it has a closing parenthesis without an opening one");
  return query;
}

/** A term that every result of a query fulfills. */
export interface RequiredTerm {
  field: string;
  /** Different for terms of a field that test different things. */
  written: string;
  test: ValueTest;
  /** The `valueKey` of the value that a document must have; `undefined` for a range, and for a value with wildcards. */
  key: string | undefined;
}

/** Returns the terms that every result of a query fulfills. */
export function requiredTerms(query: Query): RequiredTerm[] {
  if ("all" in query) return query.all.flatMap(requiredTerms);
  if ("any" in query || "not" in query) return [];
  const { field, written, test, isValue } = query;
  return field === undefined
    ? []
    : [{ field, written, test, key: isValue ? writtenKey(written) : undefined }];
}

/** Returns the terms of a query in their order. */
export function termsOf(query: Query): QueryTerm[] {
  if ("all" in query) return query.all.flatMap(termsOf);
  if ("any" in query) return query.any.flatMap(termsOf);
  return "not" in query ? termsOf(query.not) : [query];
}

/**
 * Checks the limits of a query in a request, and what AWS refuses. Groups that an older build saved must still load.
 * @throws {AwsError} InvalidQuery
 */
export function checkQuery(text: string, query: Query): void {
  const tokens = tokenize(text);
  if (tokens.some((token, index) => token === "NOT" && tokens[index + 1] === "NOT"))
    throw invalidQuery(text, "a term is missing before NOT");
  const terms = termsOf(query);
  if (terms.length > TERMS_MAX) {
    throw invalidQuery(text, `number of terms cannot exceed ${TERMS_MAX}, terms found: ${terms.length}`);
  }
  const values = terms.filter(({ isValue }) => isValue);
  for (const { field, written } of values) checkValue(text, field, written);
  const leading = values.filter(({ written }) => written.startsWith("*") && written !== "*");
  if (leading.length > LEADING_WILDCARDS_MAX) {
    throw invalidQuery(text, `${leading.length} of its terms begin with a wildcard, at most one is allowed`);
  }
  if (leading.length > 0 && text.length > LEADING_WILDCARD_QUERY_MAX_LENGTH) {
    throw invalidQuery(
      text,
      `it has ${text.length} characters, at most ${LEADING_WILDCARD_QUERY_MAX_LENGTH} are allowed if a term begins with a wildcard`,
    );
  }
}

/** Compiles a query for the documents of an index. @throws {AwsError} what `fieldsOf` throws */
export function compileQuery<D>(query: Query, fieldsOf: FieldsOf<D>): Matches<D> {
  if ("all" in query) {
    const parts = query.all.map((part) => compileQuery(part, fieldsOf));
    return (document) => parts.every((part) => part(document));
  }
  if ("any" in query) {
    const parts = query.any.map((part) => compileQuery(part, fieldsOf));
    return (document) => parts.some((part) => part(document));
  }
  if ("not" in query) {
    const part = compileQuery(query.not, fieldsOf);
    return (document) => !part(document);
  }
  const { field, written, test } = query;
  if (field === undefined && written === "*") return () => true;
  const { values, exists = (document) => values(document).length > 0 } = fieldsOf(field);
  if (written === "*") return exists;
  return (document) => values(document).some(test);
}

function term(field: string | undefined, { written, test, isValue }: Term): QueryTerm {
  return { field, written, test, isValue };
}

function isTerm(token: Term | GroupField): token is Term {
  return "test" in token;
}

function checkValue(text: string, field: string | undefined, written: string): void {
  const where = `field name: ${field ?? "none"}, value: ${written}`;
  const fail = (fault: string) => invalidQuery(text, `${fault}, ${where}`);
  const bare = bareText(written);
  if (written.startsWith("/")) throw fail("unsupported query type - regular expression");
  if (written.startsWith("+")) throw fail('unsupported operator - "+"');
  if (/[[\]{}]/u.test(bare)) throw fail("invalid value - brackets must be quoted");
  if (written.startsWith("?"))
    throw fail("invalid value - wildcard character (?) is not allowed at the start of the value");
  if (bare.split("*").length - 1 > WILDCARDS_OF_A_TERM_MAX) {
    throw fail(
      `invalid value - too many wildcards (*). The maximum allowed per term is ${WILDCARDS_OF_A_TERM_MAX}`,
    );
  }
}
