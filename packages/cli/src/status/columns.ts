import type { Column } from "../terminal/table.js";
import { statusStyle } from "./fleet.js";
import { reportText } from "./format.js";
import type { ThingSummary } from "./result.js";

export const USUAL_COLUMNS = ["thing", "status", "updated", "report"];
/** A program that reads the list needs every value, each in its own field. */
export const USUAL_CSV_COLUMNS = [
  "thing",
  "status",
  "try",
  "queued",
  "started",
  "updated",
  "phase",
  "percent",
  "reason",
  "detail",
];

/** Returns all columns that `--columns` accepts for things. */
export function thingColumns(time: (iso: string) => string): Column<ThingSummary>[] {
  const at = (iso: string | undefined) => (iso === undefined ? "" : time(iso));
  const text = (value: string | undefined) => value ?? "";
  const number = (value: number | undefined) => (value === undefined ? "" : String(value));
  return [
    { name: "thing", value: ({ thing }) => thing },
    { name: "status", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
    { name: "try", value: ({ executionNumber }) => number(executionNumber), right: true },
    { name: "queued", value: ({ queuedAt }) => at(queuedAt) },
    { name: "started", value: ({ startedAt }) => at(startedAt) },
    { name: "updated", value: ({ lastUpdatedAt }) => at(lastUpdatedAt) },
    { name: "phase", value: ({ phase }) => text(phase) },
    { name: "percent", value: ({ percent }) => number(percent), right: true },
    { name: "bytes", value: ({ bytes }) => number(bytes), right: true },
    { name: "reason", value: ({ reason }) => text(reason) },
    { name: "detail", value: ({ detail }) => text(detail) },
    { name: "running", value: ({ running }) => text(running) },
    { name: "report", value: reportText },
  ];
}
