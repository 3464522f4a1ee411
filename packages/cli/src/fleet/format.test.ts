import { expect, test } from "vitest";
import { formatTable } from "../terminal/table.js";
import { fleetColumns, USUAL_COLUMNS } from "./columns.js";
import { formatFleet } from "./format.js";

const view = { paint: (_: string, text: string) => text, columns: 80, fota: () => "fota fleet" };
const long = "9".repeat(900);

test("a version of any length leaves the counts on the screen", () => {
  const versions = [
    { version: long, things: 2, models: [{ model: long, things: 2 }] },
    { version: "1.4.0", things: 1, models: [] },
  ];
  const head = { source: "shadow", readAt: "2026-11-30T12:00:00.000Z" } as const;
  const text = formatFleet({ ...head, things: 3, versions, behind: 0 }, view);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toMatch(/9…\s+2\s+67 %/);
});

test.each([
  [
    [{ model: "m1", version: "2.0.0", behind: 3 }],
    "3 things below 2.0.0, the most common version of model m1:",
  ],
  [[{ model: null, version: "2.0.0", behind: 3 }], "3 things below 2.0.0, the most common version:"],
  [
    [
      { model: "m1", version: "2.0.0", behind: 2 },
      { model: null, version: "1.4.0", behind: 1 },
    ],
    "3 things below the most common version of their model (m1: 2.0.0, no model: 1.4.0):",
  ],
])("things that are behind name what they are compared with: %j", (comparedWith, text) => {
  const head = { source: "shadow", readAt: "2026-11-30T12:00:00.000Z" } as const;
  const fleet = { ...head, things: 9, versions: [], behind: 3, comparedWith };
  expect(formatFleet(fleet, view)).toContain(text);
});

test("a version and a model of any length leave the row on the screen", () => {
  const columns = fleetColumns((iso) => iso).filter(({ name }) => USUAL_COLUMNS.includes(name));
  const rows = [{ thingName: "pump-1", version: long, model: long, lags: ["behind" as const] }];
  const [head = "", line = ""] = formatTable(rows, columns, view.paint, 80).split("\n");
  expect(head).toContain("LAGS");
  expect(line).toMatch(/9…\s.*behind$/);
  expect(line.length).toBeLessThanOrEqual(80);
});
