import { FotaError } from "@fota/shared";

/** Parses `1%` or `0.5%`. @throws {FotaError} USAGE */
export function parseShare(text: string, flag: string): number {
  const [, number = ""] = /^(\d{1,3}(?:\.\d{1,3})?) ?%$/.exec(text.trim()) ?? [];
  const share = Number(number) / 100;
  if (number !== "" && share > 0 && share <= 1) return share;
  throw new FotaError("USAGE", `${flag} must be a percentage above 0, got ${JSON.stringify(text)}`, {
    hint: `write ${flag} 1%`,
  });
}

/** Parses a whole number within limits. @throws {FotaError} USAGE */
export function wholeNumber(text: string, flag: string, min: number, max: number): number {
  const number = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new FotaError(
    "USAGE",
    `${flag} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`,
  );
}

/** Rounds a share to hundredths of a percent. */
export function roundShare(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
