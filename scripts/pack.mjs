// Packs the chunks of a split ESM build into a few files of CommonJS functions, for `code-cache.ts`: a module costs
// nothing until it is required, and V8's compiled code of a file can be cached.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { transform } from "esbuild";

/**
 * Returns `{ main, index, files }`: the id of the entry's module, the file of each module, and `[name, text]` of each
 * file. `main` holds what the entry and the sources in `often` import. Each of `apart` is a regular expression: any
 * other chunk goes into a file of that name if at least a quarter of it comes from inputs that match, else into `more`.
 * File names contain a hash of their content, so a new build never changes a file in use.
 */
export async function pack({ outputFiles, metafile }, { entry, often, apart }) {
  const chunks = new Map(
    Object.entries(metafile.outputs)
      .filter(([path]) => path.endsWith(".mjs"))
      .map(([path, output]) => [basename(path), output]),
  );
  const chunkOf = (source) => [...chunks].find(([, { entryPoint }]) => entryPoint === source)[0];
  const main = chunkOf(entry);
  const inMain = new Set();
  const addImports = (id) => {
    if (!chunks.has(id) || inMain.has(id)) return;
    inMain.add(id);
    for (const { kind, path } of chunks.get(id).imports) {
      if (kind === "import-statement") addImports(basename(path));
    }
  };
  for (const id of [main, ...often.map(chunkOf)]) addImports(id);
  const groupOf = (id) => {
    if (inMain.has(id)) return "main";
    const inputs = Object.entries(chunks.get(id).inputs);
    const bytesOf = (some) => some.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
    for (const [name, pattern] of Object.entries(apart)) {
      if (bytesOf(inputs.filter(([input]) => pattern.test(input))) * 4 > bytesOf(inputs)) return name;
    }
    return "more";
  };
  const groups = new Map(["main", "more", ...Object.keys(apart)].map((name) => [name, []]));
  for (const id of chunks.keys()) groups.get(groupOf(id)).push(id);
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
  const bodies = [...groups].map(([name, ids]) => {
    const modules = ids
      .sort()
      .map((id) => `${JSON.stringify(id)}:function(exports,require,module){${code.get(id)}\n}`);
    const text = `({${modules.join(",\n")}})`;
    return { name: `${name}-${hashOf(text)}.cjs`, text, ids };
  });
  const index = Object.fromEntries(bodies.flatMap(({ name, ids }) => ids.map((id) => [id, name])));
  return { main, index, files: bodies.map(({ name, text }) => [name, text]) };
}

function hashOf(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
