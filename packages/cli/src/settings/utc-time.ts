/**
 * Parses `2026-12-01 02:00`, `2026-12-01T02:00:30Z` or `2026-12-01`, which are UTC; `undefined` for any other text, and
 * for a day that no calendar has.
 */
export function parseUtcTime(text: string): Date | undefined {
  const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.\d{1,3})?(?: ?Z| ?UTC)?)?$/;
  const [, date, time = "00:00", seconds = ":00"] = pattern.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const moment = new Date(`${date}T${time}${seconds}Z`);
  // Date turns 30 February into 2 March.
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(date) ? moment : undefined;
}
