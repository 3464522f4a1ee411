// `npm run api`: writes what each package exports into api/, as TypeScript declarations, and the types of the fota
// package in one file. With --check it writes no report, and fails if one is out of date.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { writePlainTypes } from "./plain-types.mjs";

const ENTRIES = [
  { name: "fota", folder: "packages/cli", types: "dist/plain/cli/index.d.ts", rollup: "dist/index.d.ts" },
  { name: "agent", folder: "packages/agent", types: "dist/index.d.ts" },
  { name: "agent-node", folder: "packages/agent", types: "dist/node/index.d.ts" },
  { name: "agent-aws-sdk", folder: "packages/agent", types: "dist/aws-sdk/index.d.ts" },
  { name: "agent-trust", folder: "packages/agent", types: "dist/trust.d.ts" },
  { name: "agent-inventory", folder: "packages/agent", types: "dist/inventory.d.ts" },
  { name: "agent-delta", folder: "packages/agent", types: "dist/delta.d.ts" },
  { name: "agent-ed25519", folder: "packages/agent", types: "dist/ed25519.d.ts" },
  { name: "agent-testing", folder: "packages/agent", types: "dist/testing/index.d.ts" },
  { name: "local", folder: "packages/local", types: "dist/index.d.ts" },
  { name: "shared", folder: "packages/shared", types: "dist/index.d.ts" },
];
const compilerOptions = {
  target: "ES2022",
  lib: ["ES2022"],
  module: "NodeNext",
  moduleResolution: "NodeNext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
};
const check = process.argv.includes("--check");
const temp = resolve("node_modules/.cache/api");
mkdirSync(temp, { recursive: true });

writePlainTypes("packages/cli/dist/tsc", "packages/cli/dist/plain/cli", compilerOptions);
writePlainTypes("packages/shared/dist", "packages/cli/dist/plain/shared", compilerOptions);

let stale = 0;
for (const entry of ENTRIES) {
  const { apiReportChanged, succeeded } = Extractor.invoke(configOf(entry), {
    localBuild: !check,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (check ? apiReportChanged : !succeeded) {
    stale += 1;
    console.error(`api/${entry.name}.api.md is out of date: run npm run api, and look at what changed`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;

function configOf({ name, folder, types, rollup }) {
  const projectFolder = resolve(folder);
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(projectFolder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, types),
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            ...compilerOptions,
            ...(rollup !== undefined && {
              paths: { "@fota/shared": [resolve(folder, "dist/plain/shared/index.d.ts")] },
            }),
          },
          files: [join(projectFolder, types)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: resolve("api"),
        reportTempFolder: temp,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      dtsRollup: {
        enabled: rollup !== undefined,
        untrimmedFilePath: join(projectFolder, rollup ?? "dist/unused.d.ts"),
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: { default: { logLevel: "none" } },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
  });
}
