import { statusStyle } from "../status/fleet.js";
import type { Column } from "../terminal/table.js";
import type { FleetThing } from "./result.js";

/** Lists the columns without `--columns`. */
export const USUAL_COLUMNS = ["thing", "version", "model", "seen", "job", "status", "lags"];
/** A program that reads CSV relies on fixed columns. */
export const USUAL_CSV_COLUMNS = [
  "thing",
  "version",
  "model",
  "slot",
  "groups",
  "connected",
  "seen",
  "job",
  "status",
  "changed",
  "lags",
];

/** A device may report a text of any length as its version or model. */
const TEXT_MIN = 16;

/** Returns all columns that `--columns` accepts. */
export function fleetColumns(time: (iso: string) => string): Column<FleetThing>[] {
  const at = (iso: string | undefined) => (iso === undefined ? "" : time(iso));
  return [
    { name: "thing", value: ({ thingName }) => thingName },
    {
      name: "version",
      value: ({ version }) => version ?? "",
      shrinkTo: TEXT_MIN,
      style: ({ lags }) => (lags?.includes("behind") === true ? "yellow" : undefined),
    },
    { name: "model", value: ({ model }) => model ?? "", shrinkTo: TEXT_MIN, dropOrder: 3 },
    { name: "slot", value: ({ slot }) => (slot === undefined ? "" : String(slot)), right: true },
    { name: "groups", value: ({ groups = [] }) => groups.join(" ") },
    {
      name: "connected",
      value: ({ connected }) => (connected === undefined ? "" : connected ? "yes" : "no"),
    },
    { name: "seen", value: ({ lastSeen }) => at(lastSeen) },
    { name: "reported", value: ({ reportedAt }) => at(reportedAt) },
    { name: "booted", value: ({ bootedAt }) => at(bootedAt) },
    { name: "job", value: ({ lastJob }) => lastJob?.jobId ?? "", dropOrder: 2 },
    {
      name: "status",
      value: ({ lastJob }) => lastJob?.status ?? "",
      style: ({ lastJob }) => (lastJob === undefined ? undefined : statusStyle(lastJob.status)),
      dropOrder: 4,
    },
    { name: "changed", value: ({ lastJob }) => at(lastJob?.at) },
    { name: "lags", value: ({ lags = [] }) => lags.join(" "), style: () => "yellow", dropOrder: 5 },
    { name: "sha256", value: ({ imageSha256 }) => imageSha256 ?? "" },
    { name: "agent", value: ({ agent }) => agent ?? "" },
  ];
}
