// Writes the test vectors: vectors/signed-documents.json of signed job documents, vectors/deltas.json of patches. The keys
// are fixed, Ed25519 has no randomness, and fflate compresses alike everywhere, so the same code writes the same files.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const { signedDocumentVectors } = await load("scripts/vectors/vectors.ts");
await write("vectors/signed-documents.json", signedDocumentVectors());
const { deltaVectors } = await load("scripts/vectors/delta-cases.ts");
await write("vectors/deltas.json", deltaVectors());

async function load(entryPoint) {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    conditions: ["@fota/source"],
  });
  return await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
}

async function write(file, vectors) {
  await writeFile(file, `${JSON.stringify(vectors, null, 2)}\n`);
}
