import { oneLine } from "./format.js";
import { visibleLength } from "./paint.js";

/** Breaks a line at its spaces so that none is longer than `columns`, colors not counted; a longer word stays whole. */
export function wrapWords(text: string, columns: number): string {
  let width = 0;
  return oneLine(text)
    .split(" ")
    .map((word, i) => {
      const length = visibleLength(word);
      const fits = width + 1 + length <= columns;
      width = i > 0 && fits ? width + 1 + length : length;
      return i === 0 ? word : `${fits ? " " : "\n"}${word}`;
    })
    .join("")
    .replace(/ *\n */g, "\n");
}

/** Breaks a line likewise, with `first` before it and `rest` before each line that goes on with it. */
export function wrapIndented(text: string, columns: number, first: string, rest = first): string {
  const room = columns - Math.max(visibleLength(first), rest.length);
  return `${first}${wrapWords(text, room).replaceAll("\n", `\n${rest}`)}`;
}
