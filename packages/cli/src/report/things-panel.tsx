import { formatNumber } from "../pages/numbers.js";
import { Lead, Panel } from "../pages/panel.js";
import { ThingsTable } from "../pages/things-table.js";
import type { ThingGroups } from "./thing-groups.js";

interface ThingsPanelProps {
  things: ThingGroups;
  detailsLeftOut: number;
  /** Name of the CSV file beside the report, if there is one. */
  csvName: string | undefined;
}

/** Answers how one thing stands. */
export function ThingsPanel({
  things: { columns, groups, embedded, total, areReportsCut },
  detailsLeftOut,
  csvName,
}: ThingsPanelProps) {
  return (
    <Panel id="things" title="Things" wide>
      {embedded < total ? (
        <p>
          The first {formatNumber(embedded)} of {formatNumber(total)} things, those that need attention first
          {csvName === undefined ? "; --csv writes all of them to a file." : "."}
        </p>
      ) : null}
      {detailsLeftOut > 0 ? (
        <p class="dim">
          {formatNumber(detailsLeftOut)} more things in progress or failed were not asked for their report.
        </p>
      ) : null}
      {areReportsCut ? (
        <p class="dim">
          Longer reports are cut here
          {csvName === undefined ? "; --csv writes whole ones to a file." : "; the CSV has them whole."}
        </p>
      ) : null}
      {csvName === undefined ? null : (
        <p>
          <a href={`./${encodeURIComponent(csvName)}`}>All executions as CSV</a>
        </p>
      )}
      {total === 0 ? (
        <Lead>No thing has the job yet.</Lead>
      ) : (
        <ThingsTable
          id="things-table"
          caption="Things of the job by status"
          columns={columns}
          groups={groups}
        />
      )}
    </Panel>
  );
}
