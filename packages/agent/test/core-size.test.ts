import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { PORTABLE_BUILD, SRC } from "./portable-build.js";

/** Returns the size in bytes of a firmware that only exports these names, as a minified bundle after `gzip -9`. */
async function gzippedBytes(imports: Readonly<Record<string, string>>): Promise<number> {
  const lines = Object.entries(imports).map(
    ([entry, names]) => `export ${names} from ${JSON.stringify(join(SRC, `${entry}.ts`))};`,
  );
  const { outputFiles } = await build({
    ...PORTABLE_BUILD,
    stdin: { contents: lines.join("\n"), resolveDir: SRC },
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

const AGENT = { index: "{ FotaAgent, Jobs }" };

test.each([
  { what: "FotaAgent", imports: AGENT, limitBytes: 20_300 },
  { what: "Fota", imports: { index: "{ Fota, Jobs }" }, limitBytes: 20_300 },
  { what: "Jobs alone", imports: { index: "{ Jobs }" }, limitBytes: 3_500 },
  { what: "all of @fota/agent", imports: { index: "*" }, limitBytes: 21_100 },
  { what: "FotaAgent and trusted keys", imports: { ...AGENT, trust: "*" }, limitBytes: 24_400 },
  { what: "FotaAgent and patches", imports: { ...AGENT, delta: "*" }, limitBytes: 26_300 },
  { what: "FotaAgent and its inventory", imports: { ...AGENT, inventory: "*" }, limitBytes: 21_500 },
])("a firmware with $what is small", async ({ what, imports, limitBytes }) => {
  const bytes = await gzippedBytes(imports);
  console.log(`a firmware with ${what}: ${bytes} bytes gzipped`);
  expect(bytes).toBeLessThan(limitBytes);
});
