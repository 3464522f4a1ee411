import { STATUS_LOOKS } from "../pages/look.js";
import { formatNumber } from "../pages/numbers.js";
import { Lead, Panel } from "../pages/panel.js";
import { type Series, TimeChart } from "../pages/time-chart.js";
import { formatSeconds } from "../terminal/format.js";
import type { ProgressOverTime } from "./progress.js";

/** Answers whether the job goes on, and whether it keeps its planned rate. */
export function ProgressPanel({ progress }: { progress: ProgressOverTime | undefined }) {
  if (progress === undefined) {
    return (
      <Panel id="progress" title="Progress over time">
        <Lead>No thing has the job yet.</Lead>
      </Panel>
    );
  }
  const { times, reached, succeeded, failed, planned, isBehind, marks } = progress;
  const last = reached.indexOf(null);
  const now = last < 0 ? times.length - 1 : last - 1;
  const [reachedNow = 0, succeededNow = 0, failedNow = 0] = [reached[now], succeeded[now], failed[now]].map(
    (count) => count ?? 0,
  );
  const series: Series[] = [
    { label: "succeeded", look: STATUS_LOOKS.succeeded, filled: true, values: succeeded },
    { label: "failed, timed out or rejected", look: STATUS_LOOKS.timedOut, values: failed },
    { label: "have the job", look: { tone: "run" }, values: reached },
    ...(planned === undefined
      ? []
      : [{ label: "planned rate", look: { tone: "plan", dash: "2 4" } as const, values: planned }]),
  ];
  const text = `${formatNumber(reachedNow)} have the job, ${formatNumber(succeededNow)} succeeded, ${formatNumber(failedNow)} did not`;
  return (
    <Panel id="progress" title="Progress over time">
      <Lead tone={isBehind ? "warn" : undefined}>{leadOf(progress, reachedNow, planned?.[now])}</Lead>
      <TimeChart
        id="progress-chart"
        title="Executions over time"
        desc={`${text}.`}
        scale="utc"
        times={times}
        series={series}
        marks={marks}
      />
    </Panel>
  );
}

function leadOf(
  { isBehind, tookSeconds }: ProgressOverTime,
  reached: number,
  plan: number | undefined,
): string {
  if (tookSeconds !== undefined) return `It took ${formatSeconds(tookSeconds)}.`;
  if (plan === undefined) return "The job has no rate: it reaches all things at once.";
  const numbers = `${formatNumber(reached)} have the job, the rate plans ${formatNumber(plan)}.`;
  return `${isBehind ? "Behind the plan" : "On plan"}: ${numbers}`;
}
