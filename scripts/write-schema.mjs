// Writes the shipped JSON Schema of the job document from the one source, packages/shared/src/job-document.ts.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["scripts/job-document-schema.ts"],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
});
const { jobDocumentJsonSchema } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);
await writeFile(
  "packages/shared/job-document.schema.json",
  `${JSON.stringify(jobDocumentJsonSchema(), null, 2)}\n`,
);
