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

/** Leaves out the animations that ora never selects by itself, 31 KB. */
const withoutOtherSpinners = {
  name: "without-other-spinners",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]cli-spinners[\\/]spinners\.json$/ }, ({ path }) => {
      const { dots, line } = JSON.parse(readFileSync(path, "utf8"));
      return { contents: JSON.stringify({ dots, line }), loader: "json" };
    });
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
  plugins: [shakeAwsSchemas, withoutBrowserNames, withoutOtherSpinners],
};
