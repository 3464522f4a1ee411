// An esbuild plugin that makes the schemas of an AWS client tree-shakable: of 229 KB for all operations, only a few
// remain.
import { readFileSync } from "node:fs";

/** Rewrites keys such as `{ [_e]: ... }`, whose side effects esbuild cannot exclude, to `{ "error": ... }`. */
export const shakeAwsSchemas = {
  name: "shake-aws-schemas",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]client-(iot|kms|s3)[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const constants = new Map(
        [...code.matchAll(/^const (_\w+) = ("[^"\n]*");$/gm)].map(([, name, text]) => [name, text]),
      );
      const contents = code.replace(/\[(_\w+)\]:/g, (key, name) =>
        constants.has(name) ? `${constants.get(name)}:` : key,
      );
      return { contents, loader: "js" };
    });
  },
};
