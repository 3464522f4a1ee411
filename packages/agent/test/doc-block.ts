import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The one code block of `language` in a page of docs/: what the docs tell people to use is what is tested. */
export async function docBlock(page: string, language: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../../../docs", page), "utf8");
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(text) ?? [];
  if (block === undefined) throw new Error(`docs/${page} has no ${language} block`);
  return block;
}
