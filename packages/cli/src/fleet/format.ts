import type { Advice } from "@fota/shared";
import { statusStyle } from "../status/fleet.js";
import type { Output } from "../terminal/output.js";
import { type Column, cut, formatTable } from "../terminal/table.js";
import { formatWrappedRows } from "../terminal/wrap.js";
import type { FleetHead } from "./fleet.js";
import type { Fleet, FleetThing, GroupCount, SlowReason, VersionCount } from "./result.js";

type View = Pick<Output, "paint" | "columns" | "fota">;

const UNKNOWN = "unknown";
const MODELS_SHOWN_MAX = 5;
/** A device may report a text of any length as its version. */
const VERSION_MIN = 16;

/** Formats the counts: a row for each version, and a table of groups if they were counted. */
export function formatFleet(fleet: Fleet, { paint, columns, fota }: View): string {
  const { things, versions, connected, groups, behind, failed = 0, stuck = 0 } = fleet;
  if (things === 0) return "no thing matches";
  const count = `${plural(things, "thing")}${connected === undefined ? "" : `, ${connected.toLocaleString("en-US")} connected`}`;
  const parts = [`${paint("bold", count)}; versions from ${sourceText(fleet)}`];
  parts.push(formatTable(versions, versionColumns(things), paint, columns));
  if (groups !== undefined) {
    parts.push(
      groups.length === 0 ? "no thing is in a group" : formatTable(groups, GROUP_COLUMNS, paint, columns),
    );
  }
  const lagging = [
    ...(behind > 0 ? [`${plural(behind, "thing")} below ${comparisonText(fleet)}`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString("en-US")} whose last job did not succeed`] : []),
    ...(stuck > 0 ? [`${stuck.toLocaleString("en-US")} in progress for more than a day`] : []),
  ];
  if (lagging.length > 0) {
    parts.push(`${paint("yellow", lagging.join("; "))}: ${fota("fleet", "--stragglers")}`);
  }
  return parts.join("\n\n");
}

/** Names what things are compared with: `2.0.0, the most common version of model m1`, or the versions of several models. */
export function comparisonText({ comparedWith = [] }: Pick<Fleet, "comparedWith">): string {
  const [only, ...others] = comparedWith;
  if (only !== undefined && others.length === 0) {
    const ofModel = only.model === null ? "" : ` of model ${cut(only.model, VERSION_MIN)}`;
    return `${cut(only.version, VERSION_MIN)}, the most common version${ofModel}`;
  }
  const shown = comparedWith
    .slice(0, MODELS_SHOWN_MAX)
    .map(({ model, version }) => `${cut(model ?? "no model", VERSION_MIN)}: ${cut(version, VERSION_MIN)}`)
    .join(", ");
  const more = comparedWith.length > MODELS_SHOWN_MAX ? ", ..." : "";
  return `the most common version of their model (${shown}${more})`;
}

/** Formats one thing. */
export function formatFleetThing(
  { head, thing }: { head: FleetHead; thing: FleetThing },
  { paint, columns }: View,
  time: (iso: string) => string,
): string {
  const { version, model, slot, imageSha256, agent, bootedAt, reportedAt, groups = [] } = thing;
  const { connected, lastSeen, lastJob } = thing;
  const at = (iso: string | undefined) => (iso === undefined ? "" : time(iso));
  const rows = [
    ["version", version ?? UNKNOWN],
    ["model", model],
    ["slot", slot === undefined ? undefined : String(slot)],
    ["sha256", imageSha256],
    ["agent", agent],
    ["booted", at(bootedAt)],
    ["reported", reportedAt === undefined ? "" : `${at(reportedAt)}, by ${sourceText(head)}`],
    ["groups", groups.join(", ")],
    ["seen", connected === true ? "connected now" : at(lastSeen) || "never"],
    [
      "last job",
      lastJob === undefined
        ? "none"
        : [lastJob.jobId, paint(statusStyle(lastJob.status), lastJob.status), at(lastJob.at)]
            .filter((part) => part !== "")
            .join(", "),
    ],
  ].filter((row): row is [string, string] => row[1] !== undefined && row[1] !== "");
  return [
    paint("bold", thing.thingName),
    formatWrappedRows(rows, (label) => paint("dim", label), columns),
  ].join("\n");
}

/** Returns what to do to get more than jobs tell. */
export function adviceFor(because: SlowReason | undefined): Advice | string | undefined {
  switch (because) {
    case "index-off":
    case "not-indexed":
      return {
        text: "run <command> to index the shadow in which devices report their version",
        command: ["fleet", "--index"],
      };
    case "index-building":
      return "run the command again in some minutes: AWS IoT is building the fleet index";
    case "no-reports":
      return "set `inventory: true` in the firmware, so that devices report what they run; docs/fleet.md explains it";
    case "denied":
      return "allow iot:GetIndexingConfiguration and iot:SearchIndex, so that fota reads what devices report";
    case undefined:
      return undefined;
  }
}

function sourceText({ source, package: name }: Pick<Fleet, "source" | "package">): string {
  if (source === "shadow") return "the shadow fota";
  return source === "package" ? `the software package ${name ?? ""}` : "jobs that succeeded";
}

function versionColumns(total: number): Column<VersionCount>[] {
  return [
    { name: "version", value: ({ version }) => version ?? UNKNOWN, shrinkTo: VERSION_MIN },
    { name: "things", value: ({ things }) => things.toLocaleString("en-US"), right: true },
    { name: "share", value: ({ things }) => share(things, total), right: true },
    { name: "models", value: ({ models }) => modelsText(models) },
  ];
}

const GROUP_COLUMNS: Column<GroupCount>[] = [
  { name: "group", value: ({ group }) => group },
  { name: "things", value: ({ things }) => things.toLocaleString("en-US"), right: true },
  {
    name: "versions",
    value: ({ versions }) =>
      versions
        .map(({ version, things }) => `${version ?? UNKNOWN}: ${things.toLocaleString("en-US")}`)
        .join(", "),
  },
];

function modelsText(models: VersionCount["models"]): string {
  const known = models.filter(({ model }) => model !== null);
  if (known.length === 0) return "";
  const shown = models.slice(0, MODELS_SHOWN_MAX);
  const more = models.length - shown.length;
  const texts = shown.map(({ model, things }) => `${model ?? UNKNOWN}: ${things.toLocaleString("en-US")}`);
  return [...texts, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

/** Returns a share as in `75 %`; never 0 % or 100 % for a part. */
function share(part: number, total: number): string {
  const percent = (part * 100) / total;
  if (percent > 0 && percent < 1) return "<1 %";
  if (percent > 99 && percent < 100) return ">99 %";
  return `${Math.round(percent)} %`;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
