import type { AddHelpTextContext } from "commander";
import { wrapWords } from "../terminal/wrap.js";

/** Columns of help where commander knows of none. */
const USUAL_COLUMNS = 80;

/** A text for commander's `addHelpText`, laid out by `layoutHelp` for the terminal that the help goes to. */
export function helpText(text: string): (context: AddHelpTextContext) => string {
  return ({ command }) => {
    const columns = command.configureOutput().getOutHelpWidth?.() ?? USUAL_COLUMNS;
    const helper = command.createHelp();
    return `\n${layoutHelp(text, columns, (title) => helper.styleTitle(title))}`;
  };
}

/**
 * Wraps the paragraphs of a text to `columns`, however its lines were broken. Indented lines, such as examples, stay as
 * they are; a line that ends with a colon above them is a title.
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
