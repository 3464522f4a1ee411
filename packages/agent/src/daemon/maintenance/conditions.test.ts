import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { conditionsOf } from "./conditions.js";
import { maintenanceSchema } from "./config.js";
import { parseHours, waitForHours } from "./hours.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-maintenance-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const conditions = (config: object, now = "2026-01-15T12:00:00Z") =>
  conditionsOf(v.parse(maintenanceSchema, config), () => Date.parse(now), dir);

test.each([
  ["22:00-05:00", "Europe/Berlin", "2026-01-15T20:59:30Z", 30_000],
  ["22:00-05:00", "Europe/Berlin", "2026-01-15T21:00:00Z", 0],
  ["22:00-05:00", "Europe/Berlin", "2026-01-16T03:59:59Z", 0],
  ["22:00-05:00", "Europe/Berlin", "2026-01-16T04:00:00Z", 14_400_000],
  ["22:00-05:00", "Europe/Berlin", "2026-07-15T20:00:00Z", 0], // summer time
  ["02:30-02:45", "Europe/Berlin", "2026-03-29T00:30:00Z", 14_400_000], // clocks skip from 2:00 to 3:00
  ["02:30-02:45", "Europe/Berlin", "2026-10-25T01:30:00Z", 0], // the second 2:30
  ["00:00-00:00", "UTC", "2026-01-15T12:00:00Z", 0],
])("%s in %s at %s waits %i ms", (text, timeZone, at, waitMs) => {
  const span = parseHours(text);
  expect(span && waitForHours([span], timeZone, Date.parse(at))).toBe(waitMs);
});

test("hours and time zones that are not valid are refused at the door", () => {
  for (const config of [{ hours: ["24:00-05:00"] }, { hours: ["5-6"] }, { timeZone: "Europe/Berlim" }]) {
    expect(v.safeParse(maintenanceSchema, config).success).toBe(false);
  }
});

test("a low battery defers download and restart; mains and a mouse do not count", async () => {
  const supply = (name: string, files: Record<string, string>) => {
    mkdirSync(join(dir, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, name, file), `${text}\n`);
  };
  const { beforeDownload, beforeReset } = conditions({ minBatteryPercent: 40 });
  supply("AC", { type: "Mains", online: "1" });
  supply("mouse", { type: "Battery", scope: "Device", capacity: "3" });
  expect(await beforeDownload()).toBe("allow");
  supply("BAT0", { type: "Battery", capacity: "39" });
  const why = "the battery has 39 %, 40 % are needed";
  expect(await beforeDownload()).toEqual({ deferMs: 600_000, why });
  expect(await beforeReset()).toEqual({ deferMs: 600_000, why });
});

test("a metered connection defers only the download; a command that cannot tell defers it with the reason", async () => {
  const metered = (...meteredCommand: string[]) => conditions({ deferOnMetered: true, meteredCommand });
  expect(await metered("true").beforeDownload()).toMatchObject({ why: "the connection is metered" });
  expect(await metered("true").beforeReset()).toBe("allow");
  expect(await metered("false").beforeDownload()).toBe("allow");
  expect(await metered("no-such-tool").beforeDownload()).toMatchObject({
    why: "cannot tell whether the connection is metered: no-such-tool is not installed",
  });
});
