import { formatRows, formatTime } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import type { Style } from "../terminal/paint.js";
import type { Verification } from "./result.js";

type Row = [label: string, value: string];

const STATES: Readonly<Record<Verification["signatures"][number]["state"], [text: string, style: Style]>> = {
  right: ["verified", "green"],
  wrong: ["wrong: made by another key, or for another document", "red"],
  unknown: ["not checked: the key was not given", "yellow"],
};

export function formatVerification(found: Verification, { paint }: Pick<Output, "paint">): string {
  const { valid, source, faults, signers, threshold, signatures, facts, images, deviceChecks } = found;
  const head = valid
    ? `${paint("green", "✔")} ${source} is signed by ${signers.join(", ")}`
    : `${paint("red", "✗")} ${source} is not valid`;
  const rows: Row[] = [
    ...labeled(
      "fault",
      faults.map((text) => paint("red", text)),
    ),
    ["signers", `${signers.length} of ${threshold} required keys`],
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
        slots.length === 0 ? [] : [`${name} is the one for slot ${slots.join(", ")}`],
      ),
    ),
    ...labeled("device", deviceChecks),
  );
  return `${head}\n\n${formatRows(rows, (label) => paint("dim", label))}`;
}

function labeled(label: string, texts: readonly string[]): Row[] {
  return texts.map((text, i) => [i === 0 ? label : "", text]);
}
