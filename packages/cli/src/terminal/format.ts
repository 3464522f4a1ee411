/** Formats bytes: `512 B`, `1.2 MiB`. */
export function formatBytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Formats a share with one digit behind the point below 10 %. */
export function formatPercent(percent: number): string {
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Formats seconds: `45 s`, `30 min`, `5 h`, `7 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Formats a time as in `2026-11-24 05:01 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Formats a time relative to now: `now`, `3 min ago`, `in 2 h`. */
export function formatAgo(time: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - time.getTime()) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  return seconds > 0 ? `${formatSeconds(seconds)} ago` : `in ${formatSeconds(-seconds)}`;
}

/** Formats `s3://bucket/key`; cuts a digest in the key if the text would be longer than `columns`. */
export function formatObject({ bucket, key }: { bucket: string; key: string }, columns: number): string {
  const whole = `s3://${bucket}/${key}`;
  return whole.length <= columns ? whole : whole.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

/**
 * Formats `slot 1`, or `slot 0 or 1` for an image that is the same for both: a device uses it for the slot that it does
 * not run from.
 */
export function formatSlots(images: readonly { slot: number }[]): string {
  const slots = images.map(({ slot }) => slot).sort((a, b) => a - b);
  const last = slots.pop();
  return slots.length === 0 ? `slot ${last}` : `slot ${slots.join(", ")} or ${last}`;
}

/** Formats rows of a label and a value, with the values in one column. An empty label continues the row above. */
export function formatRows(
  rows: readonly (readonly [label: string, value: string])[],
  paintLabel: (text: string) => string,
): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .map(([label, value]) => `  ${paintLabel(oneLine(label).padEnd(width))}  ${oneLine(value)}`)
    .join("\n");
}

/**
 * Replaces the line breaks in a text from outside fota, so that it stays within one line. Rows, cells and wrapped texts
 * call it for all their input; the output layer removes control characters.
 */
export function oneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ");
}
