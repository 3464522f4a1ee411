import type { AddHelpTextContext } from "commander";
import { wrapWords } from "../terminal/wrap.js";

/** The width of help if commander knows none. */
const USUAL_COLUMNS = 80;

/** Returns a text for commander's `addHelpText`, which `layoutHelp` lays out for the terminal. */
export function helpText(text: string): (context: AddHelpTextContext) => string {
  return ({ command }) => {
    const columns = command.configureOutput().getOutHelpWidth?.() ?? USUAL_COLUMNS;
    const helper = command.createHelp();
    return `\n${layoutHelp(text, columns, (title) => helper.styleTitle(title))}`;
  };
}

/**
 * Wraps the paragraphs of a text to `columns`, ignoring its own line breaks. Indented lines, such as examples, stay as
 * they are; a line before them that ends with a colon is a title.
 */
export function layoutHelp(text: string, columns: number, paintTitle: (title: string) => string): string {
  const paragraphs = text.trim().split(/\n{2,}/);
  return paragraphs.map((paragraph) => layoutParagraph(paragraph, columns, paintTitle)).join("\n\n");
}

function layoutParagraph(paragraph: string, columns: number, paintTitle: (title: string) => string): string {
  const lines = paragraph.split("\n");
  const firstIndented = lines.findIndex((line) => line.startsWith(" "));
  if (firstIndented < 0) return wrapWords(lines.join(" "), columns);
  const above = lines.slice(0, firstIndented).join(" ");
  const head = above.endsWith(":") ? paintTitle(above) : wrapWords(above, columns);
  return [head, ...lines.slice(firstIndented)].join("\n");
}
