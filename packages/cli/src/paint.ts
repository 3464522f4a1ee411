import { styleText } from "node:util";
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
