/** Describes a JSON value. `SchemaOf<T>` describes a `T`. */
export type Schema = ConstSchema | IntegerSchema | StringSchema | ListSchema | TupleSchema | ObjectSchema;

interface Presence {
  /** The key may be absent. */
  optional?: true;
}

interface ConstSchema extends Presence {
  type: "const";
  value: string | true;
}

/** A whole number from `minimum` to the largest one that a double holds exactly. */
export interface IntegerSchema extends Presence {
  type: "integer";
  minimum: number;
}

/** A text of 1 to `maxLength` characters. */
export interface StringSchema extends Presence {
  type: "string";
  maxLength: number;
  /** A regular expression, or code. It sees no text that is too long. */
  pattern?: Pick<RegExp, "test">;
  /** Describes a valid text in a fault: "be a version". */
  must: string;
  /** Accept upper case, and return lower case. */
  lowerCase?: true;
}

/** A list of 1 to `maxLength` items. */
interface ListSchema extends Presence {
  type: "list";
  items: Schema;
  maxLength: number;
  /** No item may be there twice. */
  unique?: true;
}

/** A list with one item for each schema. Further items are dropped. */
interface TupleSchema extends Presence {
  type: "tuple";
  items: readonly Schema[];
}

/** An object. Further keys are dropped. */
interface ObjectSchema extends Presence {
  type: "object";
  properties: Readonly<Record<string, Schema>>;
}

/** The schema of a `T`: it has all keys of `T`, and the same ones are optional. */
export type SchemaOf<T> = number extends T
  ? IntegerSchema
  : string extends T
    ? StringSchema
    : T extends string | true
      ? ConstSchema & { value: T }
      : T extends readonly [infer First, infer Second]
        ? TupleSchema & { items: readonly [SchemaOf<First>, SchemaOf<Second>] }
        : T extends readonly (infer Item)[]
          ? ListSchema & { items: SchemaOf<Item> }
          : ObjectSchema & {
              properties: {
                readonly [Key in keyof T]-?: undefined extends T[Key]
                  ? SchemaOf<Exclude<T[Key], undefined>> & { optional: true }
                  : SchemaOf<T[Key]>;
              };
            };

/** Returns the schema of a text. `must` describes it in a fault: "be a version". */
export function text(maxLength: number, pattern: Pick<RegExp, "test">, must: string): StringSchema {
  return { type: "string", maxLength, pattern, must };
}

/** Returns the schema of a list of 1 to `maxLength` items. */
export function listOf<Item extends Schema>(maxLength: number, items: Item): ListSchema & { items: Item } {
  return { type: "list", items, maxLength };
}

/** Returns `schema` for a key that may be absent. */
export function optional<S extends Schema>(schema: S): S & { optional: true } {
  return { ...schema, optional: true };
}

/**
 * Returns the part of an untrusted value that `schema` describes. Adds what is wrong with it to `faults`, such as
 * `bc_crc must be 32 hex digits, got "9e"`. The returned value is valid only if it added nothing. Never throws.
 */
export function readBySchema(schema: Schema, value: unknown, faults: string[], path = ""): unknown {
  const add = (fault: string) => void faults.push(`${path || "document"} ${fault}`);
  if (value === undefined) return schema.optional ? undefined : add("is missing");

  const isLowered = typeof value === "string" && schema.type === "string" && schema.lowerCase;
  const part = isLowered ? value.toLowerCase() : value;
  const rule = brokenRule(schema, part);
  if (rule !== undefined) return add(`must ${rule}, got ${quoteValue(value)}`);

  const read = (inner: Schema, key: string | number) => {
    const each = (value as Record<string | number, unknown>)[key];
    return readBySchema(inner, each, faults, path === "" ? `${key}` : `${path}.${key}`);
  };
  switch (schema.type) {
    case "list":
      return (value as unknown[]).map((_, index) => read(schema.items, index));
    case "tuple":
      return schema.items.map(read);
    case "object": {
      const entries = Object.entries(schema.properties).map(([key, inner]) => [key, read(inner, key)]);
      return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
    }
    default:
      return part;
  }
}

/** Returns which rule of its own `schema` a value breaks, without the rules of its parts. */
function brokenRule(schema: Schema, value: unknown): string | undefined {
  switch (schema.type) {
    case "const":
      return value === schema.value ? undefined : `be ${JSON.stringify(schema.value)}`;
    case "integer": {
      const { minimum } = schema;
      const isInRange = Number.isSafeInteger(value) && Number(value) >= minimum;
      return isInRange ? undefined : `be a whole number from ${minimum} to ${Number.MAX_SAFE_INTEGER}`;
    }
    case "string": {
      const { maxLength, pattern, must } = schema;
      const fits = typeof value === "string" && isLength(value.length, maxLength);
      return fits && pattern?.test(value) !== false ? undefined : must;
    }
    case "list": {
      const { maxLength, unique } = schema;
      if (!Array.isArray(value) || !isLength(value.length, maxLength))
        return `be a list of 1 to ${maxLength} entries`;
      return unique && new Set(value).size < value.length ? "have no entry twice" : undefined;
    }
    case "tuple":
      return Array.isArray(value) ? undefined : "be a list";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? undefined
        : "be an object";
  }
}

function isLength(length: number, maxLength: number): boolean {
  return length > 0 && length <= maxLength;
}

function quoteValue(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
