import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const INDEX = join(import.meta.dirname, "../src/index.ts");

/** Returns the size in bytes of what a firmware needs that imports `names`, as a minified bundle after `gzip -9`. */
async function gzippedBytes(names: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export ${names} from ${JSON.stringify(INDEX)}`, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    conditions: ["@fota/source"],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

test.each([
  { what: "a device with FotaAgent", names: "{ FotaAgent, Jobs }", limitBytes: 20_700 },
  { what: "a device with Fota", names: "{ Fota, Jobs }", limitBytes: 20_300 },
  { what: "everything that @fota/agent exports", names: "*", limitBytes: 21_000 },
])("the core for $what stays small", async ({ what, names, limitBytes }) => {
  const bytes = await gzippedBytes(names);
  console.log(`core for ${what}: ${bytes} bytes gzipped`);
  expect(bytes).toBeLessThan(limitBytes);
});
