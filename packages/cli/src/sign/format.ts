import { imagesOf, type JobDocument, type KeySetLink } from "@fota/shared";
import { grouped } from "../grouped.js";
import type { UnsignedLink } from "../signing/key-set-file.js";
import { factTexts } from "../signing/signature-text.js";
import { formatBytes, formatSlots } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";
import { formatWrappedRows } from "../terminal/wrap.js";

type Row = [label: string, value: string];

/** Formats what the signatures of a job document or of a key set cover, so that a signer sees what was signed. */
export function formatSigned(
  value: JobDocument | KeySetLink,
  { paint, columns }: { paint: Paint; columns: number },
): string {
  const rows = "operation" in value ? documentRows(value) : keySetRows(value);
  return formatWrappedRows(rows, (label) => paint("dim", label), columns);
}

function documentRows(document: JobDocument): Row[] {
  const { bc_model, bc_version, bc_min } = document;
  const images = imagesOf(document).map(({ bc_idx: slot, bc_size, bc_sha256 = "none" }) => ({
    slot,
    bc_size,
    bc_sha256,
  }));
  const facts = factTexts({ ...document, bc_keys: undefined }); // no signature of the document covers its key sets
  return [
    ["model", bc_model ?? "every model"],
    ["version", bc_version ?? "none"],
    ...(bc_min === undefined ? [] : [["minimum", bc_min] satisfies Row]),
    ...grouped(images, ({ bc_sha256 }) => bc_sha256).flatMap((same): Row[] => [
      ["image", `${formatSlots(same)}, ${formatBytes(same[0].bc_size)} (${same[0].bc_size} bytes)`],
      ["sha256", same[0].bc_sha256],
    ]),
    ...facts.map((text, i): Row => [i === 0 ? "facts" : "", text]),
  ];
}

function keySetRows({ v: version, t: threshold, keys, rt = 1, roots, seq }: UnsignedLink): Row[] {
  const required = (count: number, of: KeySetLink["keys"]) =>
    `${count} of ${of.map(([id]) => id).join(", ")} must sign`;
  return [
    ["key set", String(version)],
    ["documents", required(threshold, keys)],
    ["key sets", roots === undefined ? required(threshold, keys) : required(rt, roots)],
    ...(seq === undefined ? [] : [["sequence", String(seq)] satisfies Row]),
  ];
}
