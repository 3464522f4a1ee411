import { readFileSync } from "node:fs";
import { shakeAwsSchemas } from "./shake-aws-schemas.mjs";

/** Leaves out the parser of browsers' names, 34 KB, which the AWS clients load only in a browser. */
const withoutBrowserNames = {
  name: "without-browser-names",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^bowser$/ }, ({ path }) => ({ path, namespace: "only-in-browsers" }));
    onLoad({ filter: /./, namespace: "only-in-browsers" }, () => ({ contents: "export default {};" }));
  },
};

/** Reads of some JSON files only what is used, 45 KB less: of manifests, and of ora's many animations. */
const usedJson = {
  name: "used-json",
  setup({ onLoad }) {
    const keep = (filter, names) =>
      onLoad({ filter }, ({ path }) => ({
        contents: JSON.stringify(JSON.parse(readFileSync(path, "utf8")), names),
        loader: "json",
      }));
    keep(/[\\/]package\.json$/, ["version", "homepage"]);
    keep(/[\\/]cli-spinners[\\/]spinners\.json$/, ["dots", "line", "interval", "frames"]);
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
  alias: { "readable-stream": "node:stream" }, // a copy of it for browsers and old versions of Node, 85 KB
  plugins: [shakeAwsSchemas, withoutBrowserNames, usedJson],
};
