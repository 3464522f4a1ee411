import { type Glob, literalGlob, matchesGlob, parseGlob } from "../glob.js";
import { type Condition, type Operator, type Policy, type Statement, VARIABLE } from "./document.js";

/** The values that a variable or a condition's key has for a client; `undefined` where it has none. */
export type ValuesOf = (key: string) => readonly string[] | undefined;

type Decision = "allowed" | "denied by a statement" | "allowed by no statement";

/** The policies of one client, with its variables filled in. */
export interface Grants {
  /** `action` such as `iot:Publish`; `resource` as an ARN. */
  decide(action: string, resource: string): Decision;
}

/**
 * A Deny goes before every Allow; without an Allow nothing is allowed. A variable without a value matches nothing, and
 * what is in a value is never a wildcard.
 */
export function grantsOf(policies: readonly Policy[], valuesOf: ValuesOf): Grants {
  const statements = policies
    .flatMap((policy) => policy.statements)
    .filter((statement) => statement.conditions.every((condition) => holds(condition, valuesOf)))
    .map((statement) => fill(statement, valuesOf));
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

function fill({ effect, actions, resources }: Statement, valuesOf: ValuesOf): FilledStatement {
  return {
    effect,
    actions: actions.map(parseGlob),
    resources: resources
      .map((resource) => patternOf(resource, valuesOf))
      .filter((glob): glob is Glob => glob !== undefined),
  };
}

/**
 * `text` with its variables filled in, and `plain` for what is around them; `undefined` when a variable has no value, or
 * more than one.
 */
function patternOf(text: string, valuesOf: ValuesOf, plain = parseGlob): Glob | undefined {
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

function holds({ operator, quantifier, key, values }: Condition, valuesOf: ValuesOf): boolean {
  const found = valuesOf(key);
  const negated = operator.includes("Not");
  const one = (value: string) => {
    const matches = values.some((wanted) => sameValue(operator, wanted, value, valuesOf));
    return matches !== negated;
  };
  if (quantifier === "all") return (found ?? []).every(one);
  if (found === undefined) return negated; // IAM User Guide: a key that is not there meets a negated condition only
  return found.some(one);
}

function sameValue(operator: Operator, wanted: string, value: string, valuesOf: ValuesOf): boolean {
  const ignoresCase = operator.endsWith("IgnoreCase") || operator === "Bool";
  const glob = patternOf(wanted, valuesOf, operator.includes("Like") ? parseGlob : literalGlob);
  if (glob === undefined) return false;
  if (!ignoresCase) return matchesGlob(glob, value);
  return matchesGlob(lowerCase(glob), value.toLowerCase());
}

function lowerCase(glob: Glob): Glob {
  return glob.map((unit) => (unit < 0 ? unit : String.fromCharCode(unit).toLowerCase().charCodeAt(0)));
}
