import { adviceFor, comparisonText } from "../fleet/format.js";
import type { Fleet, FleetSource, VersionCount } from "../fleet/result.js";
import { DataTable } from "../pages/data-table.js";
import type { Tone } from "../pages/look.js";
import { formatNumber, formatShare } from "../pages/numbers.js";
import { Commands, Panel } from "../pages/panel.js";
import { type BarPart, StackedBar } from "../pages/stacked-bar.js";
import { Loading } from "./faults-panel.js";
import { NEUTRAL_LOOKS } from "./job-cells.js";

const SOURCES: Readonly<Record<FleetSource, string>> = {
  shadow: "as the devices report them in the named shadow fota",
  package: "as AWS's software package catalog has it",
  jobs: "as the newest jobs tell: firmware that was installed in another way is unknown",
};
const WHY_INDEX = "indexes the shadow in which devices report their version";
const MODELS_SHOWN_MAX = 4;

interface FleetPanelProps {
  fleet: Fleet | undefined;
  fota: (...command: string[]) => string;
}

/** Shows which versions the fleet runs, and which things need attention. */
export function FleetPanel({ fleet, fota }: FleetPanelProps) {
  if (fleet === undefined) return <Loading id="fleet" title="Fleet" wide />;
  const { things, versions, behind, failed, stuck, connected, source, partial } = fleet;
  if (things === 0) {
    return (
      <Panel id="fleet" title="Fleet" wide>
        <p>There are no things yet.</p>
        <Commands
          steps={[
            { command: fota("thing", "create", "pump-1"), why: "creates a thing with its certificate" },
          ]}
        />
      </Panel>
    );
  }
  const numbers: [string, number | undefined, Tone | undefined][] = [
    ["things", things, undefined],
    ["connected", connected, undefined],
    ["below the most common version", behind, behind > 0 ? "warn" : undefined],
    ["last job failed", failed, (failed ?? 0) > 0 ? "bad" : undefined],
    ["in progress for a day", stuck, (stuck ?? 0) > 0 ? "warn" : undefined],
  ];
  return (
    <Panel id="fleet" title="Fleet" wide>
      <dl class="numbers">
        {numbers.map(([label, value, tone]) =>
          value === undefined ? null : (
            <div key={label}>
              <dt>{label}</dt>
              <dd class={tone}>{formatNumber(value)}</dd>
            </div>
          ),
        )}
      </dl>
      {behind === 0 ? null : (
        <p class="dim">
          {formatNumber(behind)} below {comparisonText(fleet)}.
        </p>
      )}
      <StackedBar
        id="fleet-versions"
        title="Things by the version that they run"
        unit="things"
        kind="Version"
        parts={partsOf(versions)}
      />
      <details>
        <summary>Versions by model</summary>
        <DataTable
          caption="Versions by model"
          heads={[
            { label: "Version" },
            { label: "Things", right: true },
            { label: "Share", right: true },
            { label: "Models" },
          ]}
          rows={versions.map(({ version, things: count, models }) => [
            version ?? "unknown",
            formatNumber(count),
            formatShare(count, things),
            modelsText(models),
          ])}
        />
      </details>
      <p class="dim">
        Versions {SOURCES[source]}
        {partial === undefined ? "" : `; ${partial}`}.
      </p>
      <Commands steps={stepsOf(fleet, fota)} />
    </Panel>
  );
}

function stepsOf({ behind, failed = 0, stuck = 0, because }: Fleet, fota: FleetPanelProps["fota"]) {
  const advice = adviceFor(because);
  const lag = {
    command: fota("fleet", "--stragglers"),
    why: "lists the things that are behind, failed or stuck",
  };
  return [
    ...(behind + failed + stuck > 0 ? [lag] : []),
    ...(typeof advice === "string" ? [{ command: null, why: advice }] : []),
    ...(typeof advice === "object" ? [{ command: fota(...advice.command), why: WHY_INDEX }] : []),
  ];
}

/** Returns the parts of the bar: the most common versions, then all others, then unknown ones. */
function partsOf(versions: readonly VersionCount[]): BarPart[] {
  const known = versions.filter(({ version }) => version !== null);
  const most = [...known].sort((a, b) => b.things - a.things).slice(0, NEUTRAL_LOOKS.length);
  const shown = known.filter((each) => most.includes(each)); // newest first
  const others = sum(known.filter((each) => !most.includes(each)));
  const unknown = sum(versions.filter(({ version }) => version === null));
  return [
    ...shown.map(({ version, things }, i) => ({
      label: version ?? "",
      count: things,
      look: NEUTRAL_LOOKS[i] ?? { tone: "plan" as const },
    })),
    ...(others === 0 ? [] : [{ label: "other versions", count: others, look: { tone: "wait" as const } }]),
    ...(unknown === 0
      ? []
      : [{ label: "unknown", count: unknown, look: { tone: "wait" as const, texture: "dots" as const } }]),
  ];
}

function sum(versions: readonly VersionCount[]): number {
  return versions.reduce((total, { things }) => total + things, 0);
}

function modelsText(models: VersionCount["models"]): string {
  const shown = models
    .slice(0, MODELS_SHOWN_MAX)
    .map(({ model, things }) => `${model ?? "unknown"} (${formatNumber(things)})`);
  const more = models.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}
