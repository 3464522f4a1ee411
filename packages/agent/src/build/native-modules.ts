import type { Plugin } from "esbuild";

/** Packages that only load native modules, from paths that a bundle does not have. */
const LOADERS = /^(bindings|node-gyp-build|node-gyp-build-optional-packages|@mapbox\/node-pre-gyp)$/;

/** Fails the build on a module in machine code: an image is one file, and a `.node` file cannot be in it. */
export const refuseNativeModules: Plugin = {
  name: "refuse-native-modules",
  setup(build) {
    const refuse = ({ importer, path }: { importer: string; path: string }) => ({
      errors: [
        { text: `${packageOf(importer) ?? path} is a native module, which cannot be part of an image` },
      ],
    });
    build.onResolve({ filter: /\.node$/ }, refuse);
    build.onResolve({ filter: LOADERS }, refuse);
  },
};

/** Returns the name of the package that a file belongs to; `undefined` outside of `node_modules`. */
export function packageOf(path: string): string | undefined {
  const [, name] = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path) ?? [];
  return name?.replace("\\", "/");
}
