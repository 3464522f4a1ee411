// An esbuild plugin that lets the schemas of an AWS client shake: of 229 KB for all its operations, a few stay.
import { readFileSync } from "node:fs";

/** Keys such as `{ [_e]: ... }`, of which esbuild cannot tell that they do nothing else, become `{ "error": ... }`. */
export const shakeAwsSchemas = {
  name: "shake-aws-schemas",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]client-(iot|s3)[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => {
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
