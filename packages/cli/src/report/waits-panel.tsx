import { DataTable } from "../pages/data-table.js";
import { Histogram } from "../pages/histogram.js";
import { STATUS_LOOKS } from "../pages/look.js";
import { formatNumber } from "../pages/numbers.js";
import { ThingName } from "../pages/page-links.js";
import { Lead, Numbers, Panel } from "../pages/panel.js";
import { reportText } from "../status/format.js";
import { formatSeconds, formatTime } from "../terminal/format.js";
import { SILENT_MS } from "../why/rules-running.js";
import type { Durations } from "./durations.js";
import type { Waits } from "./waits.js";

/** Answers which things are slow or stuck, and how long an update takes. */
export function WaitsPanel({ waits, durations }: { waits: Waits; durations: Durations | undefined }) {
  const { inProgress, silent, quiet, slow, queued, queuedSince } = waits;
  return (
    <Panel id="waits" title="Slow and stuck things">
      <Lead tone={silent > 0 ? "warn" : undefined}>{leadOf(waits)}</Lead>
      <Numbers
        rows={[
          ["in progress", formatNumber(inProgress)],
          ["queued", formatNumber(queued)],
          ["half take at most", durations && formatSeconds(durations.p50)],
          ["95 % take at most", durations && formatSeconds(durations.p95)],
        ]}
      />
      {queuedSince === undefined ? null : (
        <p class="dim">The oldest of the queued waits since {formatTime(queuedSince)}.</p>
      )}
      {quiet.length === 0 ? null : (
        <>
          <h3>In progress, longest without a report</h3>
          <DataTable
            caption="Things in progress, longest without a report"
            heads={[
              { label: "Thing" },
              { label: "Report" },
              { label: "No report for", right: true },
              { label: "In progress for", right: true },
            ]}
            rows={quiet.map(({ thing, quietSeconds, sinceSeconds }) => [
              <ThingName key="thing" name={thing.thing} />,
              reportText(thing),
              formatSeconds(quietSeconds),
              formatSeconds(sinceSeconds),
            ])}
          />
        </>
      )}
      {durations === undefined ? null : (
        <>
          <h3>How long the updates took that succeeded</h3>
          <Histogram
            id="durations"
            title="Durations of the updates that succeeded"
            desc={`Half of ${formatNumber(durations.count)} took at most ${formatSeconds(durations.p50)}, 95 % at most ${formatSeconds(durations.p95)}, the longest ${formatSeconds(durations.longest)}.`}
            bins={durations.bins}
            marks={[
              { value: durations.p50, label: "half" },
              { value: durations.p95, label: "95 %" },
            ]}
            unit="executions"
            format={formatSeconds}
            look={STATUS_LOOKS.succeeded}
          />
        </>
      )}
      {slow.length === 0 ? null : (
        <>
          <h3>Slowest that succeeded</h3>
          <DataTable
            caption="Things that succeeded, the slowest first"
            heads={[{ label: "Thing" }, { label: "Took", right: true }]}
            rows={slow.map(({ thing, seconds }) => [
              <ThingName key="thing" name={thing.thing} />,
              formatSeconds(seconds),
            ])}
          />
        </>
      )}
    </Panel>
  );
}

function leadOf({ inProgress, silent, queued }: Waits): string {
  const minutes = SILENT_MS / 60_000;
  if (silent > 0) {
    return `${formatNumber(silent)} of ${formatNumber(inProgress)} in progress have reported nothing for ${minutes} min or longer.`;
  }
  if (inProgress === 1) return `The one in progress has reported in the last ${minutes} min.`;
  if (inProgress > 0)
    return `All ${formatNumber(inProgress)} in progress have reported in the last ${minutes} min.`;
  return queued > 0 ? "No thing is in progress; the queued ones have not started." : "No thing waits.";
}
