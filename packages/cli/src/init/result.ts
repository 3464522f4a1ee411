import * as v from "valibot";
import { described } from "../described.js";

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
