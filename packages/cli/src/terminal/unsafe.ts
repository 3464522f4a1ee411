/**
 * Matches what moves a cursor, starts a control sequence or reverses the direction of text: C0 except the tab and the
 * line feed, DEL, C1, line and paragraph separators, bidi controls, the byte order mark, halves of a surrogate pair.
 */
export const UNSAFE =
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u206f\\ufeff]|\\p{Cs}";

/** Takes the place of each unsafe character in the output. */
export const REPLACEMENT = "\ufffd";
