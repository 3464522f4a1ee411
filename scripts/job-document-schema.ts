import type { Schema } from "../packages/shared/src/schema.js";
import { jobDocumentSchema } from "../packages/shared/src/signed-document.js";

/** What `isImageUrl` and `isPresignPlaceholder` check, as far as a pattern can say it. */
const URL_PATTERN =
  "^(https://[^\\s]+|http://(localhost|127\\.[0-9.]+|\\[::1\\])[:/][^\\s]*|\\$\\{aws:iot:s3-presigned-url(-v[12])?:.*\\})$";

/** The job document as a JSON Schema, for editors, other languages and reviewers. */
export function jobDocumentJsonSchema(): object {
  return {
    title: "fota job document",
    ...jsonSchemaOf(jobDocumentSchema),
    $schema: "http://json-schema.org/draft-07/schema#",
  };
}

function jsonSchemaOf(schema: Schema): object {
  switch (schema.type) {
    case "const":
      return { const: schema.value };
    case "integer":
      return { type: "integer", minimum: schema.minimum, maximum: Number.MAX_SAFE_INTEGER };
    case "string": {
      const { maxLength, pattern } = schema;
      const source = pattern instanceof RegExp ? pattern.source : pattern && URL_PATTERN;
      return { type: "string", minLength: 1, maxLength, ...(source !== undefined && { pattern: source }) };
    }
    case "list": {
      const { items, maxLength, unique } = schema;
      return {
        type: "array",
        items: jsonSchemaOf(items),
        minItems: 1,
        maxItems: maxLength,
        ...(unique && { uniqueItems: true }),
      };
    }
    case "tuple":
      return { type: "array", items: schema.items.map(jsonSchemaOf), minItems: schema.items.length };
    case "object": {
      const entries = Object.entries(schema.properties);
      return {
        type: "object",
        properties: Object.fromEntries(entries.map(([key, part]) => [key, jsonSchemaOf(part)])),
        required: entries.filter(([, part]) => part.optional !== true).map(([key]) => key),
      };
    }
  }
}
