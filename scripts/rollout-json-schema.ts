import { toJsonSchema } from "@valibot/to-json-schema";
import { rolloutPlanSchema } from "../packages/cli/src/rollout/plan-schema.js";

/** The file of `fota rollout` as a JSON Schema, for editors. */
export function rolloutPlanJsonSchema(): object {
  // JSON has no numbers beyond the safe ones that an editor should refuse.
  return {
    title: "plan of fota rollout",
    ...toJsonSchema(rolloutPlanSchema, { ignoreActions: ["safe_integer"] }),
  };
}
