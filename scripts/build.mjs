// Bundles the CLI with its library entry, fota-boot, fota-agent and the agent's MQTT client, unless the last build had the same sources (`--force` always
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
import { bundleMqtt } from "./bundle-mqtt.mjs";
import { bundleOptions } from "./bundle-options.mjs";
import { pack } from "./pack.mjs";
import { billOfMaterials, noticesOf, thirdPartyIn } from "./third-party.mjs";

const CLI = "packages/cli/dist";
const AGENT = "packages/agent/dist";
const isPrinting = process.argv.includes("--print");
const root = process.cwd();
const inputs = inputsDigest(root);
if (!process.argv.includes("--force") && isUpToDate(root, inputs)) {
  if (isPrinting) print("up to date (--force builds again)");
  process.exit();
}

console.error("building fota, fota-boot and fota-agent");

/** Names the file that scripts/api-report.mjs makes. */
const TYPES = join(CLI, "index.d.ts");
const common = { ...bundleOptions, logLevel: "warning", write: false };
const PROGRAM = "packages/cli/src/bin.ts";
const LIBRARY = "packages/cli/src/index.ts";

const [cli, boot, daemon, mqtt] = await Promise.all([
  build({
    ...common,
    metafile: true,
    minify: true,
    splitting: true,
    format: "esm",
    entryPoints: { fota: PROGRAM, index: LIBRARY },
    outdir: CLI,
    outExtension: { ".js": ".mjs" },
  }),
  build({
    ...common,
    metafile: true,
    entryPoints: {
      "fota-boot": "packages/agent/src/boot/bin.ts",
      agent: "packages/agent/src/build/bin.ts",
    },
    outdir: AGENT,
    outExtension: { ".js": ".cjs" },
    format: "cjs",
  }),
  build({
    ...common,
    metafile: true,
    minify: true,
    keepNames: true, // for the stack of a bug
    lineLimit: 200, // Node.js prints the line of an uncaught error
    entryPoints: ["packages/agent/src/daemon/bin.ts"],
    outfile: join(AGENT, "fota-agent.cjs"),
    format: "cjs",
  }),
  bundleMqtt(),
]);
const packed = await pack(cli, {
  program: PROGRAM,
  library: LIBRARY,
  often: ["program", "status/run", "list/run"].map((name) => `packages/cli/src/${name}.ts`),
  // A command starts faster the less it loads, so code that few commands need has a file of its own. To add one, write
  // `name: /pattern/`, which matches its source folders and the packages that only they use, and load that code by
  // `import()`. The build fails if every command would load it.
  apart: {
    pages:
      /^packages\/cli\/src\/(pages|report|dashboard)\/|node_modules\/(preact|preact-render-to-string|d3-[a-z-]+|internmap)\//,
    local: /^packages\/local\/|node_modules\/(ws|mqtt-packet|fast-xml-parser)\//,
    device: /^packages\/(agent\/|cli\/src\/device\/)|node_modules\/mqtt\//,
    proxy: /node_modules\/(agent-base|debug|ms|https?-proxy-agent|proxy-agent-negotiate|proxy-from-env)\//,
    kms: /@aws-sdk\/client-kms\/|packages\/cli\/src\/(aws\/kms|signing\/kms-signer)\.ts/,
    s3: /@aws-sdk\/(client-s3|middleware-sdk-s3|xml-builder|checksums)\//,
    credentials:
      /@aws-sdk\/(nested-clients|credential-provider-(?!node|env)|token-providers)|credential-provider-imds/,
  },
});
const { program, library } = packed;
const fileLoaders = [...new Set(Object.values(library.fileOf))].map(
  (file) => `"${file}":()=>require("./${file}")`,
);
const loader = { ...common, minify: true, format: "cjs" };
const [launcher, libraryLoader] = await Promise.all([
  build({
    ...loader,
    entryPoints: ["packages/cli/src/launch.ts"],
    outfile: join(CLI, "fota.cjs"),
    banner: { js: "#!/usr/bin/env node" },
    define: {
      MAIN_MODULE: JSON.stringify(program.id),
      MODULE_FILES: JSON.stringify(program.fileOf),
      COMMAND_NAMES: JSON.stringify(
        readdirSync("packages/cli/src/commands").map((file) => basename(file, ".ts")),
      ),
    },
  }),
  build({
    ...loader,
    entryPoints: ["packages/cli/src/load-library.ts"],
    outfile: join(CLI, "index.cjs"),
    banner: { js: `const FILE_LOADERS={${fileLoaders}};` },
    define: {
      LIBRARY_MODULE: JSON.stringify(library.id),
      MODULE_FILES: JSON.stringify(library.fileOf),
    },
  }),
]);
// Programs and bundlers see the names of the exports here.
const libraryEntry = `import { library } from "./index.cjs";
export const { ${library.exports.join(", ")} } = library;
`;

const redistributed = thirdPartyIn([cli.metafile]);
const inBoot = thirdPartyIn([boot.metafile]);
if (inBoot.length > 0)
  throw new Error(`fota-boot contains ${inBoot.map(({ name }) => name)}: add their notices`);
const inAgent = thirdPartyIn([daemon.metafile, mqtt.metafile]);
const notices = [
  [join(CLI, "THIRD-PARTY-NOTICES.txt"), noticesOf(redistributed)],
  [join(AGENT, "THIRD-PARTY-NOTICES.txt"), noticesOf(inAgent)],
  [join(CLI, "bom.cdx.json"), billOf("packages/cli", redistributed)],
  [join(AGENT, "bom.cdx.json"), billOf("packages/agent", inAgent)],
];
const parts = [...packed.files, ["index.mjs", libraryEntry]].map(([name, text]) => [join(CLI, name), text]);
const made = [...notices, ...parts, ...[boot, daemon, mqtt, launcher, libraryLoader].flatMap(filesOf)];
for (const [path, contents] of made) replace(path, contents);
for (const path of [
  join(CLI, "fota.cjs"),
  ...["fota-boot", "agent", "fota-agent"].map((bin) => join(AGENT, `${bin}.cjs`)),
])
  chmodSync(path, 0o755);
removeOthers(CLI, made);
writeStamp(
  root,
  inputs,
  made.map(([path]) => path),
);
if (isPrinting) print("built");

function filesOf({ outputFiles }) {
  return outputFiles.map(({ path, contents }) => [path.slice(root.length + 1), contents]);
}

function billOf(folder, packages) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${JSON.stringify(billOfMaterials(manifest, packages), null, 2)}\n`;
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
    join(CLI, "fota.cjs"),
    ...["fota-boot", "fota-agent"].map((bin) => join(AGENT, `${bin}.cjs`)),
  ]) {
    console.log(`${path}  ${(statSync(path).size / 1024).toFixed(0)} kB`);
  }
}
