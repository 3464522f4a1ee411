import { toJsonSchema } from "@valibot/to-json-schema";
import { configSchema } from "../packages/cli/src/settings/config-schema.js";

/** `fota.config.json` as a JSON Schema, for editors. */
export function configJsonSchema(): object {
  const schema = toJsonSchema(configSchema, {
    // The one check in code is that of `slots`, that they differ.
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === "check" ? { ...jsonSchema, uniqueItems: true } : undefined,
  });
  return { title: "fota.config.json", ...schema };
}
