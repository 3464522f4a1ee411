import { STATUS_LOOKS } from "../pages/look.js";
import { formatNumber, formatShare } from "../pages/numbers.js";
import { Numbers, Panel } from "../pages/panel.js";
import { StackedBar } from "../pages/stacked-bar.js";
import { STATES } from "../status/fleet.js";
import { endedOf } from "../status/pace.js";
import type { JobSummary } from "../status/result.js";
import { unreachedText } from "../status/unreached.js";
import { formatSeconds, formatTime } from "../terminal/format.js";

/** Answers how far the job is, how fast, and when it ends. */
export function CountsPanel({ summary, nowMs }: { summary: JobSummary; nowMs: number }) {
  const { counts, total, targetsToGo, ratePerMinute, createdAt, completedAt, expectedEnd, startsAt } =
    summary;
  const unreached = unreachedText({ ...summary, targetArns: summary.targets ?? [] }, summary.unreached);
  const rows: [string, string | undefined][] = [
    [targetsToGo === undefined ? "executions" : "executions so far", formatNumber(total)],
    ["have ended", total === 0 ? undefined : formatShare(endedOf(counts), total)],
    ["end per minute", ratePerMinute === undefined ? undefined : rateText(ratePerMinute)],
    [
      startsAt === undefined ? "" : `until it starts, ${formatTime(startsAt)}`,
      startsAt && untilText(startsAt, nowMs),
    ],
    [
      expectedEnd === undefined ? "" : `until the expected end, ${formatTime(expectedEnd)}`,
      expectedEnd && untilText(expectedEnd, nowMs),
    ],
  ];
  const toGo =
    targetsToGo === undefined
      ? ""
      : `; ${targetsToGo} target${targetsToGo === 1 ? "" : "s"} not fully reached yet`;
  return (
    <Panel id="counts" title="Counts">
      <Numbers rows={rows} />
      <StackedBar
        id="counts-bar"
        title="Executions by status"
        unit="executions"
        parts={STATES.map(({ key, word }) => ({ label: word, count: counts[key], look: STATUS_LOOKS[key] }))}
      />
      {unreached === undefined ? null : (
        <p>{`${unreached.slice(0, 1).toUpperCase()}${unreached.slice(1)}.`}</p>
      )}
      <p class="dim">
        {createdAt === undefined ? "" : `created ${formatTime(createdAt)}`}
        {completedAt === undefined ? "" : `, ended ${formatTime(completedAt)}`}
        {toGo}
      </p>
    </Panel>
  );
}

function untilText(iso: string, nowMs: number): string {
  return formatSeconds(Math.max(0, (Date.parse(iso) - nowMs) / 1000));
}

function rateText(perMinute: number): string {
  return formatNumber(perMinute < 10 ? perMinute : Math.round(perMinute));
}
