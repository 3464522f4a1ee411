import * as v from "valibot";

/** What a schema tells about a field besides its type, for the reference in docs/agent.md. */
export interface FieldNotes {
  /** The value is a path: one in the file starts at the folder of the file. */
  isPath?: true;
  /** The value is a public key, or the path of its file. */
  isPublicKey?: true;
}

// A message follows the key, as in "stateDir must be a path".
export const OBJECT = "must be an object";

export const text = v.pipe(v.string("must be a string"), v.minLength(1, "must not be empty"));
export const path = v.pipe(
  v.string("must be a path"),
  v.minLength(1, "must be a path"),
  v.metadata({ isPath: true } satisfies FieldNotes),
);
export const publicKey = v.pipe(text, v.metadata({ isPublicKey: true } satisfies FieldNotes));
export const flag = v.boolean("must be true or false");

/** A list of texts. It has one message, for itself and for its items. */
export function texts(message: string) {
  return v.pipe(
    v.array(v.pipe(v.string(message), v.minLength(1, message)), message),
    v.minLength(1, message),
  );
}

/** A list of paths. */
export function paths(message: string) {
  return v.array(v.pipe(path, v.string(message)), message);
}

/** A whole number of at least `lowest`. */
export function whole(lowest: number, highest = Number.MAX_SAFE_INTEGER) {
  const limit = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest} up` : `from ${lowest} to ${highest}`;
  const message = `must be a whole number ${limit}`;
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(lowest, message),
    v.maxValue(highest, message),
  );
}

/** A number of seconds. Timers of Node count milliseconds in 31 bits. */
export const seconds = v.pipe(
  v.number("must be a number of seconds"),
  v.minValue(0, "must be a number of seconds from 0 up"),
  v.maxValue(2_000_000, "must be at most 2000000 seconds"),
);

/** A key that may be absent. */
export function may<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(described(schema, description));
}

/** A key with a default. */
export function withDefault<const Schema extends v.GenericSchema, const Default extends v.InferInput<Schema>>(
  schema: Schema,
  value: Default,
  description: string,
) {
  return v.optional(described(schema, description), value);
}

export function described<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.pipe(schema, v.description<v.InferOutput<Schema>, string>(description));
}
