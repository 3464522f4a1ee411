import { REPLACEMENT, UNSAFE } from "../terminal/unsafe.js";

const UNSAFE_CHARACTERS = new RegExp(UNSAFE, "gu");
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Returns text as HTML that shows exactly this text, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Replaces characters that could reverse or hide what a reader sees, such as bidi controls in a device's report. */
export function withoutUnsafe(html: string): string {
  return html.replace(UNSAFE_CHARACTERS, REPLACEMENT);
}
