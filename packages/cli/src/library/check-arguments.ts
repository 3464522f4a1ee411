import { inspect } from "node:util";
import { FotaError } from "@fota/shared";

// Programs in JavaScript have no types that refuse a missing job, or one text in place of a list.

/** @throws {FotaError} USAGE unless `value` is a text that is not empty */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== "string" || value === "") throw mustBe(name, "a text that is not empty", value);
}

/** @throws {FotaError} USAGE unless `value` is an array of texts */
export function checkTexts(name: string, value: unknown): void {
  const areTexts = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!areTexts) throw mustBe(name, "an array of texts", value);
}

/** @throws {FotaError} USAGE unless `value` is an object */
export function checkOptions(value: unknown): void {
  if (typeof value !== "object" || value === null) throw mustBe("options", "an object", value);
}

/** @throws {FotaError} USAGE unless `value` is an AbortSignal, of this or another realm, or missing */
export function checkSignal(value: unknown): void {
  const isSignal = typeof value === "object" && value !== null && "aborted" in value;
  if (value !== undefined && !isSignal) throw mustBe("signal", "an AbortSignal", value);
}

function mustBe(name: string, rule: string, value: unknown): FotaError {
  const shown = inspect(value, { depth: 0, maxStringLength: 80, breakLength: Number.POSITIVE_INFINITY });
  return new FotaError("USAGE", `${name} must be ${rule}, got ${shown}`);
}
