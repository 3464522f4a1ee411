// Copies declarations and writes out the types that valibot infers, so that users of a package need no valibot.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// TypeScript 7 has no API yet; API Extractor brings a version with one.
const ts = createRequire(createRequire(import.meta.url).resolve("@microsoft/api-extractor"))("typescript");

const { InTypeAlias, MultilineObjectLiterals, NoTruncation } = ts.NodeBuilderFlags;
const printer = ts.createPrinter();

/**
 * Copies the declarations below `from` to `to`. Replaces each `type X = v.InferOutput<...>` with the inferred type.
 * @throws when such a type still names one of valibot
 */
export function writePlainTypes(from, to, compilerOptions) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (path) => !/\.(js|map|mjs|cjs)$|tsbuildinfo/.test(path) });
  const files = readdirSync(to, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".d.ts"),
  );
  const inferring = files.filter((path) => readFileSync(join(to, path), "utf8").includes("v.InferOutput<"));
  const program = ts.createProgram(
    inferring.map((path) => join(from, path)),
    ts.convertCompilerOptionsFromJson(compilerOptions, process.cwd()).options,
  );
  const checker = program.getTypeChecker();
  for (const path of inferring) {
    const source = program.getSourceFile(join(from, path));
    const edits = source.statements
      .filter(
        (node) => ts.isTypeAliasDeclaration(node) && node.type.getText(source).startsWith("v.InferOutput<"),
      )
      .map(({ name, type }) => {
        const flags = InTypeAlias | MultilineObjectLiterals | NoTruncation;
        const node = checker.typeToTypeNode(checker.getTypeAtLocation(name), undefined, flags);
        const plain = printer.printNode(ts.EmitHint.Unspecified, node, source);
        const withoutTexts = plain.replaceAll(/"[^"]*"/g, '""'); // a text such as "any" is no type
        if (/\bv\.|\bany\b|\.\.\. /.test(withoutTexts))
          throw new Error(`${path}: ${name.text} cannot be written out: ${plain}`);
        return { start: type.getStart(source), end: type.getEnd(), plain };
      });
    const text = edits.reduceRight(
      (done, { start, end, plain }) => done.slice(0, start) + plain + done.slice(end),
      source.text,
    );
    writeFileSync(join(to, path), text);
  }
}
