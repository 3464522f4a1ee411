import { shakeAwsSchemas } from "./shake-aws-schemas.mjs";

/** Leaves out the parser of browsers' names, 34 KB, which the AWS clients load only in a browser. */
const withoutBrowserNames = {
  name: "without-browser-names",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^bowser$/ }, ({ path }) => ({ path, namespace: "only-in-browsers" }));
    onLoad({ filter: /./, namespace: "only-in-browsers" }, () => ({ contents: "export default {};" }));
  },
};

/** What every bundle of the CLI has in common, as options of esbuild. */
export const bundleOptions = {
  bundle: true,
  legalComments: "none",
  platform: "node",
  target: "node20.19",
  mainFields: ["module", "main"], // esbuild can tree-shake the AWS SDK's ESM build, but not its CommonJS build
  conditions: ["@fota/source", "module"],
  plugins: [shakeAwsSchemas, withoutBrowserNames],
};
