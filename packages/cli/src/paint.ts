import { stripVTControlCharacters, styleText } from "node:util";
import type { TextSink } from "./host.js";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** Colours for `sink` if it is a terminal that wants them: `--no-color`, NO_COLOR, FORCE_COLOR, TERM=dumb. */
export function painterFor(
  sink: TextSink,
  env: Readonly<Record<string, string | undefined>>,
  wanted: boolean,
): Paint {
  const colored =
    wanted &&
    !env["NO_COLOR"] &&
    (forced(env["FORCE_COLOR"]) ?? (sink.isTTY === true && env["TERM"] !== "dumb"));
  return colored
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}

function forced(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== "0" && value !== "false";
}

/** Control sequences that set colours: ESC [ ... m. */
const COLOR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "y");

/** Cuts a line to `width` characters that are seen; colours are no part of it, and end where they ended. */
export function cutPainted(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let shown = "";
  let left = width - 1;
  let painted = false;
  for (let at = 0; at < line.length; ) {
    COLOR.lastIndex = at;
    const [color] = COLOR.exec(line) ?? [];
    if (color === undefined && left === 0) break;
    shown += color ?? line[at];
    painted ||= color !== undefined;
    left -= color === undefined ? 1 : 0;
    at += color?.length ?? 1;
  }
  return `${shown}…${painted ? "\x1b[0m" : ""}`;
}

export function visibleLength(line: string): number {
  return stripVTControlCharacters(line).length;
}
