import { isFotaError, messageOf, printable } from "@fota/shared";
import * as v from "valibot";
import { described } from "../fields/field.js";

const findingSchema = v.strictObject({
  check: v.string(),
  status: v.picklist(["ok", "warn", "fail", "skipped"]),
  message: v.string(),
  hint: v.optional(described(v.string(), "what to do")),
});
export type Finding = v.InferOutput<typeof findingSchema>;

/** Describes the output of `fota-agent check --json`. */
export const checkSchema = v.strictObject({
  ok: described(v.boolean(), "no check failed"),
  checks: v.array(findingSchema),
});

export function ok(check: string, message: string): Finding {
  return { check, status: "ok", message };
}

export function warn(check: string, message: string, hint: string): Finding {
  return { check, status: "warn", message, hint };
}

export function fail(check: string, message: string, hint: string): Finding {
  return { check, status: "fail", message, hint };
}

export function skipped(check: string, message: string): Finding {
  return { check, status: "skipped", message };
}

/** Returns an error as a finding. */
export function failed(check: string, error: unknown): Finding {
  const hint = isFotaError(error) ? error.hint : undefined;
  return { check, status: "fail", message: messageOf(error), ...(hint !== undefined && { hint }) };
}

const WORDS: Readonly<Record<Finding["status"], string>> = {
  ok: "ok  ",
  warn: "warn",
  fail: "FAIL",
  skipped: "skip",
};
const NAME_WIDTH = 13;

/** Returns a finding as a line, with its hint below. */
export function formatFinding({ check, status, message, hint }: Finding): string {
  const line = `${WORDS[status]}  ${check.padEnd(NAME_WIDTH)}  ${printable(message)}\n`;
  return hint === undefined ? line : `${line}${" ".repeat(NAME_WIDTH + 8)}-> ${printable(hint)}\n`;
}
