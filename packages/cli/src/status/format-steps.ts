import type { Advice } from "@fota/shared";
import { wrapIndented } from "../terminal/wrap.js";
import type { View } from "./format.js";

const LABEL = "next: ";

/** Formats the next commands, each on its own line to copy, with a description below. */
export function formatSteps(
  steps: readonly Advice[],
  { paint, columns, fota }: Pick<View, "paint" | "columns" | "fota">,
): string {
  const indent = " ".repeat(LABEL.length);
  return steps
    .map(({ command, text }) => {
      const why = paint("dim", wrapIndented(text, columns, indent));
      return `${LABEL}${paint("cyan", fota(...command))}\n${why}`;
    })
    .join("\n");
}
