import * as v from "valibot";

/** A part of a result with what docs/cli.md says beside its name. */
export function described<const Schema extends v.GenericSchema>(schema: Schema, text: string) {
  return v.pipe(schema, v.description<v.InferOutput<Schema>, string>(text));
}
