import * as v from "valibot";

/** Adds the description that docs/cli.md shows beside the name of a result field. */
export function described<const Schema extends v.GenericSchema>(schema: Schema, text: string) {
  return v.pipe(schema, v.description<v.InferOutput<Schema>, string>(text));
}
