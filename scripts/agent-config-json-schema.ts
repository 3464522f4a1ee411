import { toJsonSchema } from "@valibot/to-json-schema";
import { configSchema } from "../packages/agent/src/daemon/config/schema.js";

/** `agent.json` of `fota-agent` as a JSON Schema, for editors. */
export function agentConfigJsonSchema(): object {
  const schema = toJsonSchema(configSchema, {
    typeMode: "input", // a key with a default may be absent
    ignoreActions: ["metadata", "check"], // the program checks more than editors
  });
  return { title: "agent.json of fota-agent", ...schema };
}
