import { shakeAwsSchemas } from "./shake-aws-schemas.mjs";

/** What every bundle of the CLI has in common, as options of esbuild. */
export const bundleOptions = {
  bundle: true,
  legalComments: "none",
  platform: "node",
  target: "node20.19",
  mainFields: ["module", "main"], // esbuild can tree-shake the AWS SDK's ESM build, but not its CommonJS build
  conditions: ["@fota/source", "module"],
  plugins: [shakeAwsSchemas],
};
