// Writes vectors/signed-documents.json, the test vectors of signed job documents. The keys are fixed, and Ed25519 has no
// randomness, so the same code writes the same file.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: ["scripts/vectors/vectors.ts"],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  conditions: ["@fota/source"],
});
const { signedDocumentVectors } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);
await writeFile("vectors/signed-documents.json", `${JSON.stringify(signedDocumentVectors(), null, 2)}\n`);
