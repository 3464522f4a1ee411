/** Bytes as people read them: `512 B`, `1.2 MiB`. */
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

/** Seconds as people read them: `45 s`, `30 min`, `5 h`, `7 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** `2026-11-24 05:01 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** How long ago, or until then, as people say it: `now`, `3 min ago`, `in 2 h`. */
export function formatAgo(time: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - time.getTime()) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  return seconds > 0 ? `${formatSeconds(seconds)} ago` : `in ${formatSeconds(-seconds)}`;
}

/** `s3://bucket/key`; a digest in the key is cut where it would make the text longer than `columns`. */
export function formatObject({ bucket, key }: { bucket: string; key: string }, columns: number): string {
  const whole = `s3://${bucket}/${key}`;
  return whole.length <= columns ? whole : whole.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

/** `slot 1`; `slot 0 or 1` for an image that is the same for both: a device takes it for the one that does not run. */
export function formatSlots(images: readonly { slot: number }[]): string {
  const slots = images.map(({ slot }) => slot).sort((a, b) => a - b);
  const last = slots.pop();
  return slots.length === 0 ? `slot ${last}` : `slot ${slots.join(", ")} or ${last}`;
}

/** Rows of a label and a value, the values in one column. A label may be empty: the row goes on with the last one. */
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
 * A text that others wrote, as a part of one line: it begins none of its own. Rows, cells and wrapped texts do it to
 * all that they are given; control characters are the output layer's to take out.
 */
export function oneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ");
}
