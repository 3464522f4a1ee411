import { toJsonSchema } from "@valibot/to-json-schema";
import { configSchema } from "../packages/cli/src/settings/config-schema.js";

/** `fota.config.json` as a JSON Schema, for editors. */
export function configJsonSchema(): object {
  return { title: "fota.config.json", ...toJsonSchema(configSchema) };
}
