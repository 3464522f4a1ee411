import type { Schema } from "@fota/shared";
import * as v from "valibot";

/** Returns the shape of what a schema of the device's parser describes: keys and types, without limits and patterns. */
export function shapeOf(schema: Schema): v.GenericSchema {
  switch (schema.type) {
    case "const":
      return schema.value === true ? v.literal(true) : v.literal(schema.value);
    case "integer":
      return v.number();
    case "string":
      return v.string();
    case "list":
      return v.array(shapeOf(schema.items));
    case "tuple":
      return v.tuple(schema.items.map(shapeOf));
    case "object":
      return v.object(
        Object.fromEntries(
          Object.entries(schema.properties).map(([key, part]) => {
            const shape = shapeOf(part);
            return [key, part.optional ? v.optional(shape) : shape];
          }),
        ),
      );
  }
}
