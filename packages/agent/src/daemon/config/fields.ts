import { configSchema } from "./schema.js";
import { descriptionOf, objectsOf, type SchemaNode, unwrapped } from "./schema-node.js";

/** A value in the configuration that holds no other. */
export interface Field {
  /** Its keys from the outside in: `["slots", "dir"]`. */
  keys: readonly string[];
  kind: "text" | "number" | "boolean" | "list" | "object";
  /** Variable of the environment that overrides it. */
  variable: string;
  description: string;
  isRequired: boolean;
  default?: unknown;
  /** The texts that it may be, if not any. */
  choices?: readonly string[];
  /** Kinds of slots that have it, if not all. */
  types?: readonly string[];
}

const PREFIX = "FOTA_AGENT_";

/** Names the configuration file; not a field of it. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;

/** Tells whether a variable of the environment is meant for the configuration. */
export function isConfigVariable(name: string): boolean {
  return name.startsWith(PREFIX) && name !== CONFIG_VARIABLE;
}

/** Lists all fields in the order of the schema. */
export function listFields(): Field[] {
  return fieldsIn(configSchema as unknown as SchemaNode, []).filter(({ keys }) => keys[0] !== "$schema");
}

function fieldsIn(node: SchemaNode, keys: readonly string[]): Field[] {
  const objects = objectsOf(node);
  if (objects.length === 0) return [fieldOf(node, keys)];
  const found = objects.flatMap((object) =>
    Object.entries(object.entries ?? {}).flatMap(([key, entry]) => {
      const type = object.entries?.["type"]?.literal;
      const inner = fieldsIn(entry, [...keys, key]);
      return objects.length > 1 && typeof type === "string"
        ? inner.map((field) => ({ ...field, types: [type] }))
        : inner;
    }),
  );
  return objects.length === 1 ? found : merged(found, objects.length);
}

/** Merges the fields that several objects of a variant have. */
function merged(fields: readonly Field[], objectCount: number): Field[] {
  const byVariable = new Map<string, Field>();
  for (const field of fields) {
    const before = byVariable.get(field.variable);
    byVariable.set(field.variable, before === undefined ? field : union(before, field));
  }
  return [...byVariable.values()].map(({ types, ...field }) =>
    types === undefined || types.length === objectCount ? field : { ...field, types },
  );
}

function union(a: Field, b: Field): Field {
  const choices = [...(a.choices ?? []), ...(b.choices ?? [])];
  const types = [...(a.types ?? []), ...(b.types ?? [])];
  const isOther = !a.description.includes(b.description);
  const { default: value, ...rest } = a;
  return {
    ...rest,
    ...(value !== undefined && value === b.default && { default: value }),
    description: isOther
      ? `${a.description}; ${(b.types ?? []).join(", ")}: ${b.description}`
      : a.description,
    ...(choices.length > 0 && { choices }),
    ...(types.length > 0 && { types }),
  };
}

function fieldOf(node: SchemaNode, keys: readonly string[]): Field {
  const { type, options, literal } = unwrapped(node);
  const choices =
    typeof literal === "string" ? [literal] : options?.filter((option) => typeof option === "string");
  return {
    keys,
    kind: KINDS[type] ?? "text",
    variable: variableOf(keys),
    description: descriptionOf(node) ?? "",
    isRequired: node.wrapped === undefined,
    ...(node.default !== undefined && { default: node.default }),
    ...(choices !== undefined && choices.length > 0 && { choices }),
  };
}

const KINDS: Readonly<Record<string, Field["kind"]>> = {
  number: "number",
  boolean: "boolean",
  array: "list",
  record: "object",
};

/** Returns the variable of a field: `FOTA_AGENT_SLOTS_SLOT_SIZE_BYTES` for `slots.slotSizeBytes`. */
function variableOf(keys: readonly string[]): string {
  return (
    PREFIX + keys.map((key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join("_")
  );
}
