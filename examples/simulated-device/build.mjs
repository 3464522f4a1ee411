// node build.mjs --version 2.0.0 [--broken] --out FILE
// One file that runs as it is: CommonJS, as Node takes a file without an extension, with a shebang, mode 755.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
// biome-ignore lint/correctness/noUndeclaredDependencies: a tool of the repository, as for scripts/, not of the device
import { build } from "esbuild";

const { values } = parseArgs({
  options: {
    version: { type: "string" },
    broken: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
if (!values.version || !values.out) {
  console.error("usage: node build.mjs --version VERSION [--broken] --out FILE");
  process.exit(2);
}

await build({
  entryPoints: [join(import.meta.dirname, "src/firmware.ts")],
  outfile: values.out,
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20.19",
  format: "cjs",
  mainFields: ["module", "main"],
  conditions: ["@fota/source", "module"],
  banner: { js: "#!/usr/bin/env node" },
  define: {
    __FIRMWARE_VERSION__: JSON.stringify(values.version),
    __FIRMWARE_BROKEN__: String(values.broken),
  },
  legalComments: "none",
  logLevel: "warning",
});
await chmod(values.out, 0o755);
