// Bundles the client of MQTT.js for `@fota/agent/node`, in place of what tsc makes of mqtt-client.ts. Without what only
// browsers need, it is half as large as the packages that npm would install, and a device's image holds all of it.
import { builtinModules } from "node:module";
import { build } from "esbuild";
import { bundleOptions } from "./bundle-options.mjs";

const SOURCE = "packages/agent/src/node/mqtt-client.ts";
const OUT = "packages/agent/dist/node/mqtt-client.js";

/** Packages that bring to browsers what Node.js has, by the name of its module. */
const SUBSTITUTES = { "readable-stream": "stream", "worker-timers": "timers" };

/** Imports the modules of Node.js by `import`: an ES module has `require` only where the bundler of the image adds it. */
const importBuiltins = {
  name: "import-builtins",
  setup({ onResolve, onLoad }) {
    const names = [...builtinModules, ...Object.keys(SUBSTITUTES)].join("|");
    onResolve({ filter: new RegExp(`^(node:)?(${names})$`) }, ({ path, kind }) => {
      if (kind !== "require-call") return undefined;
      return { path: SUBSTITUTES[path] ?? path.replace("node:", ""), namespace: "builtin" };
    });
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `import builtin from "node:${path}"; module.exports = builtin;`,
    }));
  },
};

/** Returns esbuild's result, not written. It is not minified, for stack traces; the image's bundler does that. */
export async function bundleMqtt() {
  return await build({
    ...bundleOptions,
    alias: {},
    plugins: [...bundleOptions.plugins, importBuiltins],
    entryPoints: [SOURCE],
    outfile: OUT,
    format: "esm",
    logLevel: "warning",
    metafile: true,
    write: false,
  });
}
