import { AwsError } from "../errors.js";

/** What `Ref` and `Fn::FindInMap` read. */
export interface TemplateValues {
  parameters: Readonly<Record<string, string>>;
  mappings: Readonly<Record<string, unknown>>;
}

/**
 * Replaces `Ref` and the intrinsic functions anywhere in a part of a template. Source: AWS IoT Developer Guide,
 * "Provisioning templates", intrinsic functions.
 *
 * @throws {AwsError} InvalidParameters for a missing parameter or map entry, or a malformed call
 */
export function evaluate(value: unknown, values: TemplateValues): unknown {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, values));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [[name, argument] = ["", undefined]] = entries;
  if (entries.length === 1 && (name === "Ref" || name.startsWith("Fn::")))
    return call(name, argument, values);
  return Object.fromEntries(entries.map(([key, item]) => [key, evaluate(item, values)]));
}

function call(name: string, argument: unknown, values: TemplateValues): unknown {
  const list = () => readList(name, evaluate(argument, values));
  switch (name) {
    case "Ref":
      return parameterOf(values, readText(name, argument));
    case "Fn::Join": {
      const [separator, parts] = list();
      return readList(name, parts)
        .map((part) => readText(name, part))
        .join(readText(name, separator));
    }
    case "Fn::Select": {
      const [index, items] = list();
      const item = readList(name, items)[Number(index)];
      if (item === undefined || item === null) throw invalid(`${name} has no item ${String(index)}`);
      return item;
    }
    case "Fn::Split": {
      const [separator, text] = list();
      return readText(name, text).split(readText(name, separator));
    }
    case "Fn::FindInMap": {
      const [map, first, second] = list().map((key) => readText(name, key));
      const found = memberOf(memberOf(memberOf(values.mappings, map), first), second);
      if (found === undefined) throw invalid(`Mappings has no value for ${map}, ${first}, ${second}`);
      return found;
    }
    case "Fn::Sub": {
      const given = evaluate(argument, values);
      const [text, variables] = Array.isArray(given) ? given : [given, {}];
      return readText(name, text).replace(/\$\{([^!}][^}]*)\}/g, (_whole, variable: string) =>
        readText(name, memberOf(variables, variable) ?? parameterOf(values, variable)),
      );
    }
    default:
      throw invalid(`fota local does not support ${name} in a provisioning template`);
  }
}

function parameterOf({ parameters }: TemplateValues, name: string): string {
  const value = memberOf(parameters, name);
  if (typeof value !== "string") throw invalid(`The parameter ${name} has no value`);
  return value;
}

function memberOf(value: unknown, name: string | undefined): unknown {
  if (typeof value !== "object" || value === null || name === undefined) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function readList(name: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${name} needs a list`);
}

function readText(name: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw invalid(`${name} needs a string`);
}

/** Refuses a RegisterThing whose parameters do not fit the template. */
export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameters", 400, message);
}
