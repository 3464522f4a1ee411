import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Returns the first code block of `language` after a heading in a page of docs/, so that tests use what the docs show. */
export async function docBlock(page: string, language: string, heading = ""): Promise<string> {
  const whole = await readFile(join(import.meta.dirname, "../../../docs", page), "utf8");
  const text = whole.slice(Math.max(0, whole.indexOf(heading)));
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(text) ?? [];
  if (block === undefined) throw new Error(`docs/${page} has no ${language} block`);
  return block;
}
