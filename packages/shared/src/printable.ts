/**
 * Everything but what a terminal or log viewer shows: C0 and C1 controls, including line feeds, line and paragraph
 * separators, and controls for the direction of text (Unicode TR 36, 3.5). Does not use Unicode properties, because small
 * engines lack their tables.
 */
const CONTROLS = /[^ -~\u00a0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ufefe\uff00-\uffff]/g;

/** Returns `text` with each control character escaped, as in `\u001b`. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Returns `text` with each control character escaped but line feeds. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
