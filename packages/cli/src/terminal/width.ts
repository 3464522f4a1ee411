import { eastAsianWidth } from "get-east-asian-width";
import { REPLACEMENT, UNSAFE } from "./unsafe.js";

const ASCII = /^[\x20-\x7e]*$/;
const ALL_UNSAFE = new RegExp(UNSAFE, "gu");
/** Matches combining marks and invisible characters such as joiners. */
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/**
 * Returns how many columns of a terminal a text without colors takes: two for each wide character of East Asian
 * scripts, none for a combining mark. Unsafe characters count as they are shown. An emoji of several code points counts
 * as its parts, as some terminals show it.
 */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(ALL_UNSAFE, REPLACEMENT)) width += widthOfCharacter(character);
  return width;
}

/** Returns the longest start of a text that takes at most `width` columns; a combining mark stays with its letter. */
export function startOf(text: string, width: number): string {
  let left = width;
  let end = 0;
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function widthOfCharacter(character: string): number {
  return ZERO_WIDTH.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}
