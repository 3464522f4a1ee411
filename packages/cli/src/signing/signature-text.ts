import type { JobDocument } from "@fota/shared";
import { formatTime } from "../terminal/format.js";
import { isoOfSeconds } from "./signed-facts.js";

const NAMES_MAX = 3;

/**
 * Says who signed a document, and what for: `by ann (not verified), sequence 7, for lab-1`; `undefined` if nobody did.
 * `verified` has the ids of the keys whose signatures are known to be right.
 */
export function signatureText(document: JobDocument, verified: readonly string[]): string | undefined {
  const { bc_sig: signatures = [] } = document;
  if (signatures.length === 0) return undefined;
  const ids = signatures.map(({ key }) => (verified.includes(key) ? key : `${key} (not verified)`));
  return [`by ${ids.join(", ")}`, ...factTexts(document)].join(", ");
}

/** Formats the facts that devices with trusted keys check, each as a few words. */
export function factTexts(
  document: Pick<JobDocument, "bc_seq" | "bc_for" | "bc_down" | "bc_at" | "bc_exp" | "bc_keys">,
): string[] {
  const { bc_seq, bc_for, bc_down, bc_at, bc_exp, bc_keys = [] } = document;
  const time = (seconds: number) => formatTime(isoOfSeconds(seconds));
  return [
    ...(bc_seq === undefined ? [] : [`sequence ${bc_seq}`]),
    ...(bc_for === undefined ? [] : [`for ${namesText(bc_for)}`]),
    ...(bc_down === true ? ["downgrade allowed"] : []),
    ...(bc_at === undefined ? [] : [`signed at ${time(bc_at)}`]),
    ...(bc_exp === undefined ? [] : [`valid until ${time(bc_exp)}`]),
    ...(bc_keys.length === 0 ? [] : [carriedText(bc_keys.map(({ v: version }) => version))]),
  ];
}

function carriedText(versions: readonly number[]): string {
  return `carries key ${versions.length === 1 ? "set" : "sets"} ${versions.join(", ")}`;
}

function namesText(names: readonly string[]): string {
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : "";
  return `${names.slice(0, NAMES_MAX).join(", ")}${more}`;
}
