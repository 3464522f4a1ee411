// Packs the chunks of a split ESM build into a few files of CommonJS functions, for `code-cache.ts`: a module costs
// nothing until it is required, and V8's compiled code of a file can be cached.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { transform } from "esbuild";

/** Allows small sources, such as the names of a flag's values. */
const MAX_APART_BYTES_IN_MAIN = 10_000;

/**
 * Returns `{ program, library, files }`. `program` and `library` are `{ id, exports, fileOf }` of the sources with those
 * names: the module's id, the names that it exports, and the file of each module that it may load. `files` has `[name,
 * text]` of each file that has modules:
 * - `main`: what the program and the sources in `often` import
 * - a file for each of `apart`, a regular expression: other chunks with more than a quarter of inputs that match
 * - `library`: what else the library imports
 * - `more`: the rest
 *
 * A file assigns a table of its modules to `module.exports`. Its name contains a hash of its content, so a new build
 * never changes a file in use.
 * @throws when `main` would hold more than a little of what is `apart`
 */
export async function pack({ outputFiles, metafile }, { program, library, often, apart }) {
  const chunks = new Map(
    Object.entries(metafile.outputs)
      .filter(([path]) => path.endsWith(".mjs"))
      .map(([path, output]) => [basename(path), output]),
  );
  const chunkOf = (source) => [...chunks].find(([, { entryPoint }]) => entryPoint === source)[0];
  const addImports = (id, found, kinds) => {
    if (!chunks.has(id) || found.has(id)) return found;
    found.add(id);
    for (const { kind, path } of chunks.get(id).imports) {
      if (kinds.includes(kind)) addImports(basename(path), found, kinds);
    }
    return found;
  };
  const importedBy = (sources) =>
    sources.map(chunkOf).reduce((found, id) => addImports(id, found, ["import-statement"]), new Set());
  const [inMain, inLibrary] = [[program, ...often], [library]].map(importedBy);
  const inputsOf = (ids) => [...ids].flatMap((id) => Object.entries(chunks.get(id).inputs));
  const bytesOf = (inputs) => inputs.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
  const matching = (inputs, pattern) => inputs.filter(([path]) => pattern.test(path));
  const apartOf = (id) => {
    const inputs = inputsOf([id]);
    return Object.keys(apart).find((name) => bytesOf(matching(inputs, apart[name])) * 4 > bytesOf(inputs));
  };
  const groupOf = (id) =>
    inMain.has(id) ? "main" : (apartOf(id) ?? (inLibrary.has(id) ? "library" : "more"));
  const groups = new Map(["main", "library", "more", ...Object.keys(apart)].map((name) => [name, []]));
  for (const id of chunks.keys()) groups.get(groupOf(id)).push(id);
  for (const [name, pattern] of Object.entries(apart)) {
    const wrong = matching(inputsOf(inMain), pattern);
    if (bytesOf(wrong) <= MAX_APART_BYTES_IN_MAIN) continue;
    const paths = wrong.map(([path]) => `\n  ${path}`).join("");
    throw new Error(`each command would load ${bytesOf(wrong)} bytes of ${name}; use import() for${paths}`);
  }
  const code = new Map();
  await Promise.all(
    outputFiles
      .filter(({ path }) => chunks.has(basename(path)))
      .map(async ({ path, text }) => {
        const options = { format: "cjs", platform: "node", target: "node20.19", minify: true };
        const made = await transform(text, {
          ...options,
          supported: { "dynamic-import": false },
          sourcemap: false,
        });
        code.set(basename(path), made.code);
      }),
  );
  const filled = [...groups].filter(([, ids]) => ids.length > 0);
  const bodies = filled.map(([name, ids]) => {
    const modules = ids
      .sort()
      .map((id) => `${JSON.stringify(id)}:function(exports,require,module){${code.get(id)}\n}`);
    const text = `module.exports={${modules.join(",\n")}};`;
    return { name: `${name}-${hashOf(text)}.cjs`, text, ids };
  });
  const entryOf = (source) => {
    const id = chunkOf(source);
    const reached = addImports(id, new Set(), ["import-statement", "dynamic-import"]);
    const fileOf = bodies.flatMap(({ name, ids }) =>
      ids.filter((one) => reached.has(one)).map((one) => [one, name]),
    );
    return { id, exports: chunks.get(id).exports.sort(), fileOf: Object.fromEntries(fileOf) };
  };
  const files = bodies.map(({ name, text }) => [name, text]);
  return { program: entryOf(program), library: entryOf(library), files };
}

function hashOf(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
