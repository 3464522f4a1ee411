import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Returns the only code block of `language` in a page of docs/, so that tests use what the docs show. */
export async function docBlock(page: string, language: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../../../docs", page), "utf8");
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(text) ?? [];
  if (block === undefined) throw new Error(`docs/${page} has no ${language} block`);
  return block;
}
