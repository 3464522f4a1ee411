import { expect, test } from "vitest";
import { formatAgo, formatBytes, formatObject, formatRows, formatSeconds, formatTime } from "./format.js";

test.each([
  [1, "1 B"],
  [1_023, "1023 B"],
  [1_024, "1.0 KiB"],
  [1_572_864, "1.5 MiB"],
  [536_870_912, "512 MiB"],
  [5 * 1024 ** 4, "5120 GiB"],
] as const)("%i bytes read %j", (count, text) => {
  expect(formatBytes(count)).toBe(text);
});

test.each([
  [60, "60 s"],
  [3_600, "60 min"],
  [7_200, "2 h"],
  [604_800, "7 days"],
] as const)("%i seconds read %j", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test("a time is shown to the minute, in UTC", () => {
  expect(formatTime("2026-11-24T05:01:59.123Z")).toBe("2026-11-24 05:01 UTC");
});

test("values stand in one column, and a row without a label goes on with the one above", () => {
  const rows = formatRows(
    [
      ["image", "app.bin"],
      ["to", "pump-1"],
      ["", "pump-2"],
    ],
    (label) => label,
  );
  expect(rows).toBe("  image  app.bin\n  to     pump-1\n         pump-2");
});

test.each([
  [0, "now"],
  [4, "now"],
  [90, "90 s ago"],
  [-7_200, "in 2 h"],
] as const)("%i seconds ago read %j", (seconds, text) => {
  const now = new Date("2026-11-24T05:01:00Z");
  expect(formatAgo(new Date(now.getTime() - seconds * 1000), now)).toBe(text);
});

test("an object's digest is cut only where there is no room for it", () => {
  const object = { bucket: "fw", key: `fota/${"0123456789abcdef".repeat(4)}/app.bin` };
  expect(formatObject(object, 100)).toBe(`s3://fw/${object.key}`);
  expect(formatObject(object, 60)).toBe("s3://fw/fota/0123456789ab…/app.bin");
});
