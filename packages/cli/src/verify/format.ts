import { formatSlots, formatTime } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { Style } from "../terminal/paint.js";
import { formatWrappedRows } from "../terminal/wrap.js";
import type { Verification } from "./result.js";

type Row = [label: string, value: string];

const STATES: Readonly<Record<Verification["signatures"][number]["state"], [text: string, style: Style]>> = {
  right: ["verified", "green"],
  wrong: ["wrong: made by another key, or for another document", "red"],
  unknown: ["not checked: no trusted key has this id", "yellow"],
};

export function formatVerification(
  found: Verification,
  { paint, columns }: Pick<Output, "paint" | "columns">,
): string {
  const { valid, source, faults, signers, threshold, signatures, facts, images, deviceChecks } = found;
  const ofSet = found.keySet === undefined ? "" : ` of key set ${found.keySet}, which the document carries`;
  const head = valid
    ? `${paint("green", "✔")} ${source} is signed by ${signers.join(", ")}`
    : `${paint("red", "✗")} ${source} is not valid`;
  const rows: Row[] = [
    ...labeled(
      "fault",
      faults.map((text) => paint("red", text)),
    ),
    ["signers", `${signers.length} of ${threshold} required keys${ofSet}`],
    ...labeled(
      "signed",
      signatures.map(({ key, state }) => `by ${key}: ${paint(STATES[state][1], STATES[state][0])}`),
    ),
  ];
  if (facts?.validUntil !== undefined) rows.push(["until", formatTime(facts.validUntil)]);
  if (facts?.signedAt !== undefined) rows.push(["signed at", formatTime(facts.signedAt)]);
  rows.push(
    ...labeled(
      "image",
      images.flatMap(({ name, slots }) =>
        slots.length === 0 ? [] : [`${name} is the one for ${formatSlots(slots.map((slot) => ({ slot })))}`],
      ),
    ),
    ...labeled("devices check", deviceChecks),
  );
  return `${head}\n\n${formatWrappedRows(rows, (label) => paint("dim", label), columns)}`;
}

function labeled(label: string, texts: readonly string[]): Row[] {
  return texts.map((text, i) => [i === 0 ? label : "", text]);
}
