// Writes the shipped JSON Schemas, each from the source that the code validates with.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const { outputFiles } = await build({
  stdin: {
    contents:
      'export * from "./agent-config-json-schema.js"; export * from "./config-json-schema.js"; export * from "./fleet-json-schema.js"; export * from "./job-document-schema.js"; export * from "./rollout-json-schema.js";',
    resolveDir: "scripts",
    loader: "ts",
  },
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  conditions: ["@fota/source"],
});
const {
  agentConfigJsonSchema,
  configJsonSchema,
  fleetJsonSchema,
  jobDocumentJsonSchema,
  rolloutPlanJsonSchema,
} = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
await write("packages/shared/job-document.schema.json", jobDocumentJsonSchema());
await write("packages/agent/fota-agent.schema.json", agentConfigJsonSchema());
await write("packages/cli/fota.config.schema.json", configJsonSchema());
await write("packages/cli/fota.fleet.schema.json", fleetJsonSchema());
await write("packages/cli/fota.rollout.schema.json", rolloutPlanJsonSchema());

async function write(path, schema) {
  await writeFile(path, `${JSON.stringify(schema, null, 2)}\n`);
}
