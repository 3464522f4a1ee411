import { type Glob, literalGlob, matchesGlob, parseGlob } from "../glob.js";
import { type Condition, type Operator, type Policy, type Statement, VARIABLE } from "./document.js";

/** Returns a client's values for a variable or condition key; `undefined` if it has none. */
export type ValuesOf = (key: string) => readonly string[] | undefined;

type Decision = "allowed" | "denied by a statement" | "allowed by no statement";

/** The policies of one client, with its variables filled in and its conditions evaluated. */
export interface Grants {
  /** Decides an action such as `iot:Publish` on a resource, given as an ARN. */
  decide(action: string, resource: string): Decision;
}

/**
 * Evaluates policies for a client. A Deny overrides every Allow; without an Allow, nothing is allowed. A variable without
 * a value matches nothing, and a wildcard character in a value is matched literally.
 */
export function createGrants(policies: readonly Policy[], valuesOf: ValuesOf): Grants {
  const statements = policies
    .flatMap((policy) => policy.statements)
    .filter((statement) => statement.conditions.every((condition) => conditionHolds(condition, valuesOf)))
    .map((statement) => fillStatement(statement, valuesOf));
  return {
    decide: (action, resource) => {
      const name = action.toLowerCase();
      let decision: Decision = "allowed by no statement";
      for (const statement of statements) {
        if (!statement.actions.some((glob) => matchesGlob(glob, name))) continue;
        if (!statement.resources.some((glob) => matchesGlob(glob, resource))) continue;
        if (statement.effect === "Deny") return "denied by a statement";
        decision = "allowed";
      }
      return decision;
    },
  };
}

interface FilledStatement {
  effect: Statement["effect"];
  actions: Glob[];
  resources: Glob[];
}

function fillStatement({ effect, actions, resources }: Statement, valuesOf: ValuesOf): FilledStatement {
  return {
    effect,
    actions: actions.map(parseGlob),
    resources: resources
      .map((resource) => fillVariables(resource, valuesOf))
      .filter((glob): glob is Glob => glob !== undefined),
  };
}

/**
 * Returns the pattern of `text` with its variables filled in. `plain` parses the text around them. Returns `undefined` if
 * a variable does not have exactly one value.
 */
function fillVariables(text: string, valuesOf: ValuesOf, plain = parseGlob): Glob | undefined {
  const glob: number[] = [];
  let from = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const [whole, name = ""] = match;
    const values = ["*", "?", "$"].includes(name) ? [name] : valuesOf(name);
    if (values?.length !== 1) return undefined;
    glob.push(...plain(text.slice(from, match.index)), ...literalGlob(values[0] ?? ""));
    from = match.index + whole.length;
  }
  return [...glob, ...plain(text.slice(from))];
}

function conditionHolds({ operator, quantifier, key, values }: Condition, valuesOf: ValuesOf): boolean {
  const found = valuesOf(key);
  const negated = operator.includes("Not");
  const one = (value: string) => {
    const matches = values.some((wanted) => valueMatches(operator, wanted, value, valuesOf));
    return matches !== negated;
  };
  if (quantifier === "all") return (found ?? []).every(one);
  if (found === undefined) return negated; // IAM User Guide: a missing key satisfies only negated conditions
  return found.some(one);
}

function valueMatches(operator: Operator, wanted: string, value: string, valuesOf: ValuesOf): boolean {
  const ignoresCase = operator.endsWith("IgnoreCase") || operator === "Bool";
  const glob = fillVariables(wanted, valuesOf, operator.includes("Like") ? parseGlob : literalGlob);
  if (glob === undefined) return false;
  if (!ignoresCase) return matchesGlob(glob, value);
  return matchesGlob(lowerCase(glob), value.toLowerCase());
}

function lowerCase(glob: Glob): Glob {
  return glob.map((unit) => (unit < 0 ? unit : String.fromCharCode(unit).toLowerCase().charCodeAt(0)));
}
