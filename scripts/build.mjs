// Bundles the CLI, its library entry and fota-boot, unless the last build had the same sources (`--force` always
// builds). Replaces the files of a running command last and in one step, so that an interrupted build leaves the
// commands of the build before.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { inputsDigest, isUpToDate, writeStamp } from "./build-stamp.mjs";
import { bundleOptions } from "./bundle-options.mjs";
import { pack } from "./pack.mjs";
import { billOfMaterials, noticesOf, thirdPartyIn } from "./third-party.mjs";

const isPrinting = process.argv.includes("--print");
const root = process.cwd();
const inputs = inputsDigest(root);
if (!process.argv.includes("--force") && isUpToDate(root, inputs)) {
  if (isPrinting) print("up to date (--force builds again)");
  process.exit();
}

console.error("building the fota command and fota-boot");

const CLI = "packages/cli/dist";
/** Names the file that scripts/api-report.mjs makes. */
const TYPES = join(CLI, "index.d.ts");
const common = { ...bundleOptions, logLevel: "warning", write: false };
const esm = {
  ...common,
  minify: true,
  splitting: true,
  format: "esm",
  outdir: CLI,
  outExtension: { ".js": ".mjs" },
  chunkNames: "bundle/[name]-[hash]",
};

const [program, library, boot] = await Promise.all([
  build({ ...esm, metafile: true, entryPoints: { fota: "packages/cli/src/bin.ts" } }),
  build({
    ...esm,
    metafile: true,
    entryPoints: { index: "packages/cli/src/index.ts" },
    // CommonJS dependencies call require(), which an ESM chunk does not have.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  }),
  build({
    ...common,
    metafile: true,
    entryPoints: {
      "fota-boot": "packages/agent/src/boot/bin.ts",
      agent: "packages/agent/src/build/bin.ts",
    },
    outdir: "packages/agent/dist",
    outExtension: { ".js": ".cjs" },
    format: "cjs",
  }),
]);
const packed = await pack(program, {
  entry: "packages/cli/src/bin.ts",
  often: ["program", "status/run", "list/run"].map((name) => `packages/cli/src/${name}.ts`),
  apart: {
    local: /^packages\/local\/|node_modules\/(ws|mqtt-packet|fast-xml-parser)\//,
    device: /^packages\/(agent\/|cli\/src\/device\/)|node_modules\/mqtt\//,
    proxy: /node_modules\/(agent-base|debug|ms|https?-proxy-agent|proxy-agent-negotiate|proxy-from-env)\//,
    kms: /@aws-sdk\/client-kms\/|packages\/cli\/src\/(aws\/kms|signing\/kms-signer)\.ts/,
    s3: /@aws-sdk\/(client-s3|middleware-sdk-s3|xml-builder|checksums)\//,
    credentials:
      /@aws-sdk\/(nested-clients|credential-provider-(?!node|env)|token-providers)|credential-provider-imds/,
  },
});
const launcher = await build({
  ...common,
  minify: true,
  format: "cjs",
  entryPoints: ["packages/cli/src/launch.ts"],
  outfile: join(CLI, "fota.cjs"),
  banner: { js: "#!/usr/bin/env node" },
  define: {
    MAIN_MODULE: JSON.stringify(packed.main),
    MODULE_FILES: JSON.stringify(packed.index),
    COMMAND_NAMES: JSON.stringify(
      readdirSync("packages/cli/src/commands").map((file) => basename(file, ".ts")),
    ),
  },
});

const redistributed = thirdPartyIn([program.metafile, library.metafile]);
const inBoot = thirdPartyIn([boot.metafile]);
if (inBoot.length > 0)
  throw new Error(`fota-boot contains ${inBoot.map(({ name }) => name)}: add their notices`);
const manifest = JSON.parse(readFileSync("packages/cli/package.json", "utf8"));
const notices = [
  [join(CLI, "THIRD-PARTY-NOTICES.txt"), noticesOf(redistributed)],
  [join(CLI, "bom.cdx.json"), `${JSON.stringify(billOfMaterials(manifest, redistributed), null, 2)}\n`],
];
const parts = packed.files.map(([name, text]) => [join(CLI, name), text]);
const made = [...notices, ...parts, ...filesOf(library), ...filesOf(boot), ...filesOf(launcher)];
for (const [path, contents] of made) replace(path, contents);
for (const path of [
  join(CLI, "fota.cjs"),
  ...["fota-boot", "agent"].map((bin) => `packages/agent/dist/${bin}.cjs`),
])
  chmodSync(path, 0o755);
removeOthers(CLI, made);
removeOthers(join(CLI, "bundle"), made);
writeStamp(
  root,
  inputs,
  made.map(([path]) => path),
);
if (isPrinting) print("built");

function filesOf({ outputFiles }) {
  return outputFiles.map(({ path, contents }) => [path.slice(root.length + 1), contents]);
}

function replace(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}

/** Removes what earlier builds left. */
function removeOthers(folder, files) {
  const kept = new Set([...files.map(([path]) => path), TYPES]);
  for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const path = join(folder, entry.name);
    if (entry.isFile() && !kept.has(path)) rmSync(path, { force: true });
  }
}

function print(what) {
  console.log(what);
  for (const path of [
    "packages/cli/dist/fota.cjs",
    "packages/cli/dist/index.mjs",
    "packages/agent/dist/fota-boot.cjs",
  ]) {
    console.log(`${path}  ${(statSync(path).size / 1024).toFixed(0)} kB`);
  }
}
