/** Formats a whole number with separators, `12,345`, and others with up to two decimals. */
export function formatNumber(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  const [whole = "", decimals] = String(rounded).split(".");
  const separated = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? separated : `${separated}.${decimals}`;
}

/** Formats a share as `12 %`. Shows 0 % and 100 % only where they are exact, and the values beside them as `<1 %`. */
export function formatShare(part: number, total: number): string {
  if (total === 0) return "0 %";
  const percent = (part / total) * 100;
  if (percent > 0 && percent < 1) return "<1 %";
  if (percent > 99 && percent < 100) return ">99 %";
  return `${Math.round(percent)} %`;
}

/** Formats a coordinate with at most one decimal: files with many of them stay small. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}
