import { DataTable } from "../pages/data-table.js";
import { formatNumber } from "../pages/numbers.js";
import { Panel } from "../pages/panel.js";
import type { PanelProps } from "./panel-props.js";
import { formatDuration, groupText, sentence } from "./words.js";

const RUNS_SHOWN_MAX = 100;

/** Answers what the devices are like. */
export function FleetPanel({ found: { groups, fleetFile, learned, things } }: PanelProps) {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const source =
    learned === null
      ? fleetFile === null
        ? "no --fleet, so always online and no failures"
        : `described by ${fleetFile}`
      : `learned from ${formatNumber(learned.executions)} executions of ${learned.jobIds.join(", ")}`;
  return (
    <Panel id="fleet" title="Virtual devices" wide>
      <p>{sentence(source)}</p>
      <ul>
        {groups.map((group) => (
          <li key={group.name}>
            {groupText({ ...group, weight: Math.round((things * group.weight) / total) })}
          </li>
        ))}
      </ul>
      {(learned?.warnings ?? []).map((warning) => (
        <p key={warning} class="dim">
          {sentence(warning)}
        </p>
      ))}
    </Panel>
  );
}

/** Lists the runs. */
export function RunsPanel({ found: { runs } }: PanelProps) {
  const shown = runs.slice(0, RUNS_SHOWN_MAX);
  return (
    <Panel id="runs" title="Runs" wide>
      <DataTable
        caption="Runs"
        heads={[
          { label: "Seed" },
          { label: "Result" },
          ...["Ended", "Ran it", "Succeeded", "Failed", "Timed out", "Rejected", "Canceled", "Pending"].map(
            (label) => ({
              label,
              right: true,
            }),
          ),
        ]}
        rows={shown.map(({ seed, result, endedAfterSeconds, devicesThatRanImage, counts }) => [
          String(seed),
          result,
          endedAfterSeconds === null ? "never" : formatDuration(endedAfterSeconds),
          ...[
            devicesThatRanImage,
            counts.succeeded,
            counts.failed,
            counts.timedOut,
            counts.rejected,
            counts.canceled,
            counts.queued + counts.inProgress,
          ].map(formatNumber),
        ])}
      />
      {runs.length > shown.length ? (
        <p class="dim">
          The first {shown.length} of {runs.length} runs; `--json` prints all of them.
        </p>
      ) : null}
    </Panel>
  );
}
