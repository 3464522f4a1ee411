import * as v from "valibot";
import { described } from "../described.js";
import { TEMPLATE_FORMATS } from "./template-format.js";

/** Describes the output of `fota init --json`. */
export const initResultSchema = v.strictObject({
  path: described(v.string(), "path of the settings file that was written"),
  schema: described(v.string(), "value of its $schema"),
  config: described(v.record(v.string(), v.unknown()), "its contents, explained in fota.config.schema.json"),
  account: v.string(),
  region: v.string(),
  made: described(v.array(v.string()), "`bucket <name>` and `role <name>` that were created"),
});
export type InitResult = v.InferOutput<typeof initResultSchema>;

/** What `fota init --print --json` prints. */
export const printedTemplateSchema = v.strictObject({
  format: v.picklist(TEMPLATE_FORMATS),
  template: described(v.string(), "the text of the file"),
});
export type PrintedTemplate = v.InferOutput<typeof printedTemplateSchema>;
