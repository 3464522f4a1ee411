// Bundles the CLI (one lazy chunk a command) with its library entry, fota-boot and the example firmware.
import { chmod, rm } from "node:fs/promises";
import { build } from "esbuild";

const common = {
  bundle: true,
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
  platform: "node",
  target: "node20.19",
  mainFields: ["module", "main"], // the AWS SDK's ESM build shakes; its CommonJS build does not
  conditions: ["@fota/source", "module"],
};

await rm("packages/cli/dist/bundle", { recursive: true, force: true });
await Promise.all([
  build({
    ...common,
    minify: true,
    entryPoints: { fota: "packages/cli/src/bin.ts", index: "packages/cli/src/index.ts" },
    outdir: "packages/cli/dist",
    outExtension: { ".js": ".mjs" },
    chunkNames: "bundle/[name]-[hash]",
    splitting: true,
    format: "esm",
    // CommonJS dependencies call require(); an ESM chunk has none of its own.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  }),
  build({
    ...common,
    entryPoints: { "fota-boot": "packages/agent/src/boot/bin.ts" },
    outdir: "packages/agent/dist",
    outExtension: { ".js": ".cjs" },
    format: "cjs",
  }),
]);
await chmod("packages/cli/dist/fota.mjs", 0o755);
await chmod("packages/agent/dist/fota-boot.cjs", 0o755);
